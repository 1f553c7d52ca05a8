import { createHash } from 'node:crypto';
import { readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { isTemporaryName, pixelPathsFor, temporaryOwner, temporaryPathFor } from '../../src/base/index.js';
import { decodeImage, decodeOrStore, encodeImage, pictureOfStored, type StoredImage } from '../../src/image/index.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

const choice = () => ({ temporary: join(folder, 'pixels.v'), abovePixels: 1000 });

async function image(name: string, format: 'png' | 'tiff' = 'png'): Promise<string> {
  const path = join(folder, name);
  await writeFile(
    path,
    await encodeImage(testPicture(60, 40), { format, compression: format === 'tiff' ? 'none' : 6 }),
  );
  return path;
}

async function stored(path: string, more = {}, choices = {}): Promise<StoredImage> {
  const found = await decodeOrStore(path, { depth: 'source', ...more }, { ...choice(), ...choices });
  expect('kind' in found).toBe(true);
  onTestFinished(() => (found as StoredImage).dispose());
  return found as StoredImage;
}

describe('decode-or-store', () => {
  test.each([
    ['that is read whole', {}],
    ['that is not', { heldBytes: 100 }],
  ])('a file %s lies in a file without a name, and its bytes are told', async (_, choices) => {
    const path = await image('a.tif', 'tiff');
    const hash = createHash('sha256');
    const found = await stored(
      path,
      { onRead: (bytes: Uint8Array) => hash.update(bytes), onOpened: async () => {} },
      choices,
    );
    expect(await readdir(folder)).toEqual(['a.tif']);
    expect(maxDifference((await pictureOfStored(found)).rgb, (await decodeImage(path)).rgb)).toBe(0);
    expect(hash.digest('hex')).toBe(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  });

  test.runIf(process.platform === 'linux')('what comes to its path after it was opened is not read', async () => {
    const [path, other] = [await image('a.tif', 'tiff'), join(folder, 'secret.tif')];
    await writeFile(other, await encodeImage(testPicture(90, 90), { format: 'tiff' }));
    const onOpened = async () => {
      await rename(path, join(folder, 'moved.tif'));
      await symlink(other, path);
    };
    const { width, height } = await stored(path, { onOpened }, { heldBytes: 100 });
    expect([width, height]).toEqual([60, 40]);
  });

  test('a link in its place is refused before that', async () => {
    const path = await image('a.png');
    await symlink(path, join(folder, 'link.png'));
    const limits = { depth: 'source' as const, onOpened: async () => {} };
    await expect(decodeOrStore(join(folder, 'link.png'), limits, choice())).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });

  test.each([{ depth: 16 as const }, { depth: 'source' as const, colour: 'source' as const }])(
    'what is to have more than bytes of sRGB is decoded into memory: %j',
    async how => {
      expect('rgb' in (await decodeOrStore(await image('a.png'), how, choice()))).toBe(true);
    },
  );

  test('files of pixels are swept with the temporary that they are beside', () => {
    const temporary = temporaryPathFor(join(folder, 'a.jpg'), '0123456789ab.01234567');
    for (const path of [temporary, ...Object.values(pixelPathsFor(temporary))]) {
      const name = path.slice(folder.length + 1);
      expect(isTemporaryName(name)).toBe(true);
      expect(temporaryOwner(name)).toBe('0123456789ab.01234567');
    }
    expect(isTemporaryName('.cyclebox-a.tif')).toBe(false);
  });
});
