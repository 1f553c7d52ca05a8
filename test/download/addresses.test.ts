import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addressesOf, configuredMirrors, openPinnedHashes } from '../../src/download/index.js';
import { temporaryFolder } from '../support/pictures.js';

test('mirrors stand in for the publisher, before it, with or without a slash at the end', () => {
  const mirrors = ['http://near.example/cyclegan', 'https://far.example/'];
  expect(addressesOf('https://origin.example/c/', 'datasets/a.zip', mirrors)).toEqual([
    'http://near.example/cyclegan/datasets/a.zip',
    'https://far.example/datasets/a.zip',
    'https://origin.example/c/datasets/a.zip',
  ]);
  expect(configuredMirrors({ CYCLEBOX_MIRRORS: ' http://a.example/  http://b.example/' })).toHaveLength(2);
  expect(configuredMirrors({})).toEqual([]);
  for (const wrong of ['file:///etc/', 'near.example'])
    expect(() => addressesOf('https://origin.example/', 'a.zip', [wrong])).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(wrong) }),
    );
});

test('a hash is pinned once, stays from then on, and a damaged file of pins is named', async () => {
  const path = join(await temporaryFolder(), 'pinned-hashes.json');
  const file = { sha256: 'a'.repeat(64), sizeBytes: 5, address: 'http://a.example/b' };
  const pins = await openPinnedHashes(path);
  expect(pins.get('b')).toBeUndefined();
  await pins.pin('b', file);
  await pins.pin('b', { ...file, sha256: 'c'.repeat(64) });
  await pins.pin('a', file);
  expect((await openPinnedHashes(path)).get('b')).toEqual(file);
  expect(Object.keys(JSON.parse(await readFile(path, 'utf8')))).toEqual(['a', 'b']);
  await writeFile(path, '{"b": {"sha256": "short"}}');
  const message = expect.stringContaining(path);
  await expect(openPinnedHashes(path)).rejects.toMatchObject({ code: 'FILE_UNREADABLE', message });
});
