import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { unpackZip } from '../../src/download/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { type ZipEntry, zipBytes } from '../support/zip-bytes.js';

const limits = { maxBytes: 1_000_000, maxFiles: 100 };

/** An archive `a.zip` in a folder of its own, to be unpacked into `into`. */
async function archive(
  entries: readonly ZipEntry[] | Uint8Array,
): Promise<{ file: string; into: string; root: string }> {
  const root = await temporaryFolder();
  const file = join(root, 'a.zip');
  await writeFile(file, entries instanceof Uint8Array ? entries : zipBytes(entries));
  return { file, into: join(root, 'into'), root };
}

/** Everything below a folder but the archive. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter(each => !each.isDirectory() && each.name !== 'a.zip').map(each => each.name);
}

test('an archive is unpacked: stored and deflated files, in folders, placed where they are wanted', async () => {
  const long = 'abc'.repeat(30_000);
  const { file, into } = await archive([
    { name: 'top/' },
    { name: 'top/a/one.txt', content: 'one' },
    { name: 'top/a/two.txt', content: long, deflate: true },
    { name: 'top/left-out.txt', content: 'x' },
    { name: 'top/leer/ä.txt', content: 'umlaut' },
  ]);
  const place = (name: string) => (name.includes('left-out') ? undefined : name.replace('top/', ''));
  expect(await unpackZip(file, into, limits, place)).toEqual(['a/one.txt', 'a/two.txt', 'leer/ä.txt']);
  expect(await readFile(join(into, 'a/two.txt'), 'utf8')).toBe(long);
  expect((await filesIn(into)).sort()).toEqual(['one.txt', 'two.txt', 'ä.txt']);
});

describe('nothing is written for an archive', () => {
  test.each<[string, ZipEntry, RegExp]>([
    ['with a path upwards', { name: '../out.txt', content: 'x' }, /invalid relative path: \.\.\/out\.txt/],
    ['with a path upwards inside', { name: 'a/../../out.txt', content: 'x' }, /invalid relative path/],
    ['with an absolute path', { name: '/tmp/out.txt', content: 'x' }, /absolute path/],
    ['with a drive', { name: 'C:/out.txt', content: 'x' }, /absolute path/],
    ['with a path of Windows', { name: '..\\out.txt', content: 'x' }, /invalid characters/],
    ['with a stream of Windows', { name: 'a.txt:stream', content: 'x' }, /is no name for a file/],
    ['with the name of a device', { name: 'a/nul.txt', content: 'x' }, /is no name for a file/],
    ['with a NUL in a name', { name: 'a\0.txt', content: 'x' }, /is no name for a file/],
    ['with an empty name', { name: 'a//b.txt', content: 'x' }, /is no name for a file/],
    ['with a link', { name: 'link', content: '/etc/passwd', mode: 0o120777 }, /"link" is a link/],
    ['with a file twice', { name: 'GOOD.txt', content: 'x' }, /two files named "GOOD\.txt"/],
    ['that says to be huge', { name: 'big', content: 'x', deflate: true, saysBytes: 2_000_000 }, /zip bomb/],
  ])('%s', async (_, entry, message) => {
    const { file, into, root } = await archive([{ name: 'good.txt', content: 'good' }, entry]);
    await expect(unpackZip(file, into, limits)).rejects.toMatchObject({
      code: 'ARCHIVE_UNSAFE',
      message: expect.stringMatching(message),
      subject: { file },
    });
    expect(await filesIn(root)).toEqual([]);
  });

  test('with too many entries', async () => {
    const { file, into, root } = await archive(Array.from({ length: 101 }, (_, i) => ({ name: `${i}` })));
    await expect(unpackZip(file, into, limits)).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE' });
    expect(await filesIn(root)).toEqual([]);
  });

  test('that is none, is cut off, or is encrypted', async () => {
    const whole = zipBytes([{ name: 'good.txt', content: 'good'.repeat(100) }]);
    for (const bytes of [Buffer.from('<html>'), whole.subarray(0, -30)]) {
      const { file, into, root } = await archive(bytes);
      await expect(unpackZip(file, into, limits)).rejects.toMatchObject({ code: 'ARCHIVE_UNREADABLE' });
      expect(await filesIn(root)).toEqual([]);
    }
    const locked = await archive([{ name: 'locked', content: 'x', deflate: true, encrypted: true }]);
    const message = expect.stringMatching(/encrypted/);
    await expect(unpackZip(locked.file, locked.into, limits)).rejects.toMatchObject({
      code: 'ARCHIVE_UNREADABLE',
      message,
    });
  });
});

test('an entry that holds more than it says ends the unpacking before the disk fills', async () => {
  const bomb = { name: 'bomb', content: Buffer.alloc(5_000_000), deflate: true, saysBytes: 10 };
  const { file, into } = await archive([bomb]);
  await expect(unpackZip(file, into, limits)).rejects.toMatchObject({ code: 'ARCHIVE_UNREADABLE' });
  const [written] = await readdir(into);
  expect((await readFile(join(into, written!))).length).toBeLessThanOrEqual(10);
});

test('damaged content is found out by its checksum', async () => {
  const { file, into } = await archive([{ name: 'good.txt', content: 'good', saysCrc: 1 }]);
  const message = expect.stringMatching(/"good\.txt" has another checksum/);
  await expect(unpackZip(file, into, limits)).rejects.toMatchObject({ code: 'ARCHIVE_UNREADABLE', message });
});

test('a file that is there is never written over', async () => {
  const { file, into } = await archive([{ name: 'good.txt', content: 'new' }]);
  await mkdir(into);
  await writeFile(join(into, 'good.txt'), 'old');
  await expect(unpackZip(file, into, limits)).rejects.toMatchObject({ code: 'WRITE_FAILED' });
  expect(await readFile(join(into, 'good.txt'), 'utf8')).toBe('old');
});
