/** Where results of `translate` go: beside what is there, on any file system, under names that any file system takes. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { writeBeside } from '../../../src/cli/translate/write-beside.js';
import { temporaryFolder } from '../../support/pictures.js';

/** What `link` fails with, as on another file system than the one here. */
const fault = vi.hoisted(() => ({ code: undefined as string | undefined }));
vi.mock(import('node:fs/promises'), async original => {
  const real = await original();
  const link: typeof real.link = async (from, to) => {
    if (fault.code) throw Object.assign(new Error(`${fault.code}: no links`), { code: fault.code });
    await real.link(from, to);
  };
  return { ...real, link, default: { ...real.default, link } };
});
afterEach(() => {
  fault.code = undefined;
});

const bytes = (text: string) => new TextEncoder().encode(text);

it.each([undefined, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EISDIR'])('writes beside what is there (%s)', async code => {
  fault.code = code;
  const folder = await temporaryFolder();
  await writeBeside(folder, 'a.png', bytes('first'));
  expect(await writeBeside(folder, 'a.png', bytes('second'))).toBe(join(folder, 'a (2).png'));
  expect((await readdir(folder)).sort()).toEqual(['a (2).png', 'a.png']);
  expect(await readFile(join(folder, 'a.png'), 'utf8')).toBe('first');
  expect(await readFile(join(folder, 'a (2).png'), 'utf8')).toBe('second');
});

it('writes a second result of a name of 255 bytes, shortened by whole characters', async () => {
  const folder = await temporaryFolder();
  const name = `${'é'.repeat(125)}x.png`;
  expect(Buffer.byteLength(name)).toBe(255);
  await writeBeside(folder, name, bytes('first'));
  await writeBeside(folder, name, bytes('second'));
  expect((await readdir(folder)).sort()).toEqual([`${'é'.repeat(123)} (2).png`, name].sort());
});
