import { mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FolderSwappedError, inPinnedFolder } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';

let root: string;

beforeEach(async () => {
  root = await temporaryFolder();
  for (const folder of ['outer/inner', 'elsewhere/inner']) await mkdir(join(root, folder), { recursive: true });
});

const namesIn = (at: string) => readdir(at);

const swapOuter = async () => {
  await rename(join(root, 'outer'), join(root, 'aside'));
  await symlink(join(root, 'elsewhere'), join(root, 'outer'));
};

describe('a folder that is held', () => {
  it('is the one of that path, the root itself, too, and a root that is a link', async () => {
    await symlink(root, join(root, 'link'));
    for (const from of [root, join(root, 'link')]) {
      expect(await inPinnedFolder(from, '', namesIn)).toContain('outer');
      expect(await inPinnedFolder(from, 'outer', namesIn)).toEqual(['inner']);
      expect(await inPinnedFolder(from, 'outer/inner', namesIn)).toEqual([]);
    }
  });

  it('is refused when it, or one above it, is a link or no folder', async () => {
    await symlink(join(root, 'elsewhere'), join(root, 'linked'));
    await symlink(join(root, 'elsewhere/inner'), join(root, 'outer/last'));
    for (const [folder, link] of [
      ['linked/inner', 'linked'],
      ['outer/last', 'outer/last'],
    ] as const)
      await expect(inPinnedFolder(root, folder, namesIn)).rejects.toEqual(new FolderSwappedError(link));
    await expect(inPinnedFolder(root, 'nowhere', namesIn)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.runIf(process.platform === 'linux')('is still that folder when a link takes the place of one above', async () => {
    const undone: string[] = [];
    const write = async (at: string) => {
      await swapOuter();
      await writeFile(join(at, 'file'), '');
    };
    const undo = async (at: string) => void undone.push(...(await readdir(at)));
    await expect(inPinnedFolder(root, 'outer/inner', write, undo)).rejects.toEqual(
      new FolderSwappedError('outer/inner'),
    );
    expect(undone).toEqual(['file']);
    expect(await readdir(join(root, 'elsewhere/inner'))).toEqual([]);
  });
});
