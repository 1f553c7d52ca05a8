import { execFileSync } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRegularFile, readRegularText, readRegularTextSync, sha256File } from '../../src/base/index.js';
import { readConfigText } from '../../src/commented-json/index.js';
import { findPlugin } from '../../src/plugin-host/index.js';
import { temporaryFolder } from '../support/pictures.js';

test('a file is read whole, in pieces where it is large', async () => {
  const path = join(await temporaryFolder(), 'file');
  const bytes = Buffer.alloc(40 * 2 ** 20 + 7, 'cyclebox');
  await writeFile(path, bytes);
  expect((await readRegularFile(path)).equals(bytes)).toBe(true);
  await expect(readRegularFile(path, bytes.length - 1)).rejects.toMatchObject({ code: 'EFBIG', bytes: bytes.length });
});

test('a file of 5 GB is refused before memory is taken for it', async () => {
  const path = join(await temporaryFolder(), 'large');
  await writeFile(path, '{');
  await truncate(path, 5e9);
  await expect(readRegularFile(path)).rejects.toMatchObject({ code: 'EFBIG' });
  await expect(readRegularText(path)).rejects.toMatchObject({ code: 'EFBIG' });
  expect(() => readRegularTextSync(path)).toThrow('5000000000 bytes');
});

test.skipIf(process.platform === 'win32')('a pipe is refused at once, whoever asks', async () => {
  const folder = await temporaryFolder();
  const pipe = join(folder, 'package.json');
  execFileSync('mkfifo', [pipe]);
  await expect(readRegularFile(pipe)).rejects.toMatchObject({ code: 'ENOTFILE' });
  await expect(sha256File(pipe)).rejects.toMatchObject({ code: 'ENOTFILE' });
  expect(() => readRegularTextSync(pipe)).toThrow('a pipe, a device or a socket');
  await expect(readConfigText(pipe)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect((await findPlugin(folder, 'folder')).problem).toMatchObject({ code: 'PLUGIN_INVALID' });
});

test('a folder and what is not there are told apart', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'folder'));
  await expect(readRegularFile(join(folder, 'folder'))).rejects.toMatchObject({ code: 'EISDIR' });
  await expect(readRegularFile(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
});
