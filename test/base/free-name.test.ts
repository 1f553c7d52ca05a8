import { link, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { numbered, removeReservation, systemNaming, takeFreeName } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';

let folder: string;
let temporary: string;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  temporary = join(folder, '.temporary');
  path = join(folder, 'a.png');
  await writeFile(temporary, 'ours');
});

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
const content = (file: string) => readFile(file, 'utf8');

describe('a free name', () => {
  it('is taken by a link where there are links', async () => {
    expect(await takeFreeName(temporary, path)).toBe('linked');
    expect(await readdir(folder)).toEqual(['a.png']);
    expect(await content(path)).toBe('ours');
  });

  for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EISDIR']) {
    const calls = { ...systemNaming, link: failing(code) };

    it(`is taken where there are no links (${code})`, async () => {
      expect(await takeFreeName(temporary, path, { calls })).toBe('renamed');
      expect(await readdir(folder)).toEqual(['a.png']);
      expect(await content(path)).toBe('ours');
    });

    it(`is not taken from another file, folder or link that leads nowhere (${code})`, async () => {
      await writeFile(path, 'theirs');
      await mkdir(join(folder, 'folder'));
      await symlink(join(folder, 'nowhere'), join(folder, 'link'));
      for (const name of ['a.png', 'folder', 'link'])
        expect(await takeFreeName(temporary, join(folder, name), { calls })).toBe('taken');
      expect(await content(path)).toBe('theirs');
      expect(await content(temporary)).toBe('ours');
    });
  }

  it('is had by one of two that want it at the same instant without links, and the other is told', async () => {
    const other = join(folder, '.other');
    await writeFile(other, 'another');
    // Both have tried to link before either goes on: looking and then renaming would overwrite the first.
    const waiting: (() => void)[] = [];
    const together = () =>
      new Promise<void>((_, reject) => {
        waiting.push(() => reject(Object.assign(new Error('EPERM'), { code: 'EPERM' })));
        if (waiting.length === 2) for (const go of waiting) go();
      });
    const calls = { ...systemNaming, link: together };
    const given = await Promise.all([temporary, other].map(file => takeFreeName(file, path, { calls })));
    expect([...given].sort()).toEqual(['renamed', 'taken']);
    expect(await content(path)).toBe(given[0] === 'renamed' ? 'ours' : 'another');
    expect(await content(given[0] === 'renamed' ? other : temporary)).toBe(given[0] === 'renamed' ? 'another' : 'ours');
  });

  it('stays free when the file cannot be moved to it, and the file stays', async () => {
    const calls = { link: failing('EPERM'), rename: failing('EXDEV') };
    await expect(takeFreeName(temporary, path, { calls })).rejects.toMatchObject({ code: 'EXDEV' });
    expect(await readdir(folder)).toEqual(['.temporary']);
  });

  it('that a crash left reserved is free again, unless somebody has written there', async () => {
    await writeFile(path, '');
    await removeReservation(path);
    expect(await readdir(folder)).toEqual(['.temporary']);
    await link(temporary, path);
    await removeReservation(path);
    await rename(path, join(folder, 'kept.png'));
    await removeReservation(path);
    expect(await content(join(folder, 'kept.png'))).toBe('ours');
  });
});

describe('names', () => {
  it('are numbered before the extension', () => {
    expect(numbered('x/a.jpg', 1)).toBe('x/a.jpg');
    expect(numbered('x/a.jpg', 2)).toBe('x/a (2).jpg');
    expect(numbered('x.y/a', 3)).toBe('x.y/a (3)');
    expect(numbered('a.b.tiff', 2)).toBe('a.b (2).tiff');
  });

  it('that would be longer than 255 bytes lose whole characters', () => {
    expect(numbered(`${'é'.repeat(125)}x.png`, 2)).toBe(`${'é'.repeat(123)} (2).png`);
    expect(numbered(`${'🦓'.repeat(62)}abc.png`, 2)).toBe(`${'🦓'.repeat(61)} (2).png`);
  });
});
