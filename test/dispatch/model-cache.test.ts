/** Models that a worker has fetched: once each, whole, and no more than it may keep. */
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CycleboxError, sha256File } from '../../src/base/index.js';
import { type FetchedModel, ModelCache, NotOffered } from '../../src/dispatch/index.js';
import { temporaryFolder } from '../support/pictures.js';

/** A store that has what it is told to have, and counts. */
async function openCache({ maxBytes = 1e9 } = {}) {
  const folder = join(await temporaryFolder(), 'cache');
  const models = new Map<string, string>();
  const asked: string[] = [];
  const fetched: FetchedModel[] = [];
  const store = {
    name: 'the store',
    async fetchModel(sha256: string, target: string) {
      asked.push(sha256);
      const content = models.get(sha256);
      if (content === undefined) throw new NotOffered(sha256, 'the store');
      await writeFile(join(target, 'a.onnx'), content);
      return 'a.onnx';
    },
  };
  const open = () =>
    new ModelCache({ folder, maxBytes, store, sumOf: sha256File, onFetched: model => fetched.push(model) });
  const add = async (content: string) => {
    const file = join(await temporaryFolder(), 'a');
    await writeFile(file, content);
    const sha256 = await sha256File(file);
    models.set(sha256, content);
    return sha256;
  };
  return { folder, models, asked, fetched, open, add };
}

describe('dispatch model cache', () => {
  it('fetches a model once, however many ask at a time, and not again after a restart', async () => {
    const { open, add, asked, fetched, folder } = await openCache();
    const sha256 = await add('weights');
    const cache = open();
    const paths = await Promise.all([cache.get(sha256), cache.get(sha256), cache.get(sha256)]);
    expect(new Set(paths)).toEqual(new Set([join(folder, sha256, 'a.onnx')]));
    expect(await readFile(paths[0] ?? '', 'utf8')).toBe('weights');
    expect(await open().get(sha256)).toBe(paths[0]);
    expect(asked).toEqual([sha256]);
    expect(fetched).toMatchObject([{ sha256, bytes: 7 }]);
  });

  it.each(['another', 'weightz', ''])('fetches a model again whose file is damaged: "%s"', async damaged => {
    const { open, add, asked } = await openCache();
    const sha256 = await add('weights');
    const cache = open();
    const path = await cache.get(sha256);
    await writeFile(path, damaged);
    expect(await readFile(await cache.get(sha256), 'utf8')).toBe('weights');
    await writeFile(path, damaged);
    expect(await readFile(await open().get(sha256), 'utf8')).toBe('weights');
    expect(asked).toHaveLength(3);
  });

  it('keeps no more than it may, and lets go what was not used for the longest time', async () => {
    const { open, add, folder } = await openCache({ maxBytes: 250 });
    const [first, second, third] = [await add('a'.repeat(100)), await add('b'.repeat(100)), await add('c'.repeat(100))];
    const cache = open();
    const age = async (sha256: string, seconds: number) => {
      const then = new Date(Date.now() - seconds * 1000);
      await utimes(join(folder, sha256, 'cyclebox-main'), then, then);
    };
    await cache.get(first);
    await cache.get(second);
    await age(first, 100);
    await age(second, 50);
    await cache.get(first);
    await cache.get(third);
    expect((await readdir(folder)).sort()).toEqual([first, third].sort());
  });

  it('uses a model that is larger than all that it may keep, and lets it go for the next', async () => {
    const { open, add, folder } = await openCache({ maxBytes: 10 });
    const [first, second] = [await add('a'.repeat(100)), await add('b'.repeat(100))];
    const cache = open();
    expect((await stat(await cache.get(first))).size).toBe(100);
    await cache.get(second);
    expect(await readdir(folder)).toEqual([second]);
  });

  it('takes nothing that has another hash than was asked for, and leaves nothing of it', async () => {
    const { open, add, models, folder } = await openCache();
    const sha256 = await add('weights');
    models.set(sha256, 'others');
    await expect(open().get(sha256)).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('says of a model that nobody has offered which it is, and asks again the next time', async () => {
    const { open, models, folder } = await openCache();
    const cache = open();
    const error = await cache.get('0'.repeat(64)).catch(error => error);
    expect(error).toBeInstanceOf(NotOffered);
    expect(error).toBeInstanceOf(CycleboxError);
    models.set('0'.repeat(64), 'weights');
    await expect(cache.get('0'.repeat(64))).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('removes what a worker that was killed had begun to fetch', async () => {
    const { open, add, folder } = await openCache();
    const abandoned = join(folder, '.cyclebox-abc-012345678901.tmp');
    await mkdir(abandoned, { recursive: true });
    const longAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(abandoned, longAgo, longAgo);
    const sha256 = await add('weights');
    await open().get(sha256);
    expect(await readdir(folder)).toEqual([sha256]);
  });
});
