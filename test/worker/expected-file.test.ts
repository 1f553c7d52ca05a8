import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentOf, identify } from '../../src/base/index.js';
import { decodeImage } from '../../src/image/index.js';
import { FileCheck } from '../../src/worker/expected-file.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cyclebox-expected-'));
  await mkdir(join(root, 'inbox/sub'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function draw(path: string, grey: number): Promise<string> {
  const file = join(root, path);
  await sharp({ create: { width: 8, height: 8, channels: 3, background: { r: grey, g: grey, b: grey } } })
    .png()
    .toFile(file);
  return file;
}

/** Decodes what is at the path, `expected` being what was seen there. */
async function decode(file: string, identity: string) {
  const check = new FileCheck(file, { root: join(root, 'inbox'), identity });
  const picture = await decodeImage(file, { onOpened: check.onOpened, onRead: check.onRead });
  return { picture, content: check.content };
}

describe('between the look and the reading', () => {
  it('an image that stays is read, and what was read is told', async () => {
    const file = await draw('inbox/sub/a.png', 9);
    const { content, picture } = await decode(file, (await identify(file))!);
    const { sha256, changed } = await contentOf(file);
    expect(content).toEqual({ sha256, changed });
    expect(picture.rgb[0]).toBe(9);
  });

  it('a link in its place is not followed', async () => {
    const [file, secret] = [await draw('inbox/sub/a.png', 9), await draw('secret.png', 99)];
    const identity = (await identify(secret))!;
    await rm(file);
    await symlink(secret, file);
    await expect(decode(file, identity)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('a folder in the place of its own that is a link is not followed', async () => {
    const file = await draw('inbox/sub/a.png', 9);
    const identity = (await identify(file))!;
    await rename(join(root, 'inbox/sub'), join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), join(root, 'inbox/sub'));
    await expect(decode(file, identity)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('the folder sub is a link'),
    });
  });

  it('another file in its place is not taken for it', async () => {
    const file = await draw('inbox/sub/a.png', 9);
    const identity = (await identify(file))!;
    await rename(await draw('other.png', 10), file);
    await expect(decode(file, identity)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
