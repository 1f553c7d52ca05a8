import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ModelCache } from '../../src/worker/model-cache.js';
import { temporaryFolder } from '../support/pictures.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

async function model(name: string, bytes = 10) {
  const path = join(folder, name);
  await writeFile(path, new Uint8Array(bytes));
  return { path, sha256: name };
}

function cache(maxModels: number, maxBytes = 1e9) {
  const log: string[] = [];
  const open = async ({ path }: { readonly path: string }) => {
    const name = path.slice(folder.length + 1);
    log.push(`open ${name}`);
    return { name, dispose: () => void log.push(`close ${name}`) };
  };
  return { log, models: new ModelCache({ open, maxModels, maxBytes }) };
}

const nothing = async () => {};

describe('the model cache', () => {
  it('loads a model once, also when two ask at the same time', async () => {
    const { log, models } = cache(2);
    const a = await model('a');
    await Promise.all([models.use(a, nothing), models.use(a, nothing)]);
    await models.use(a, async (_model, loadMs) => expect(loadMs).toBe(0));
    expect(log).toEqual(['open a']);
  });

  it('closes the least recently used when there are too many', async () => {
    const { log, models } = cache(2);
    const [a, b, c] = [await model('a'), await model('b'), await model('c')];
    for (const one of [a, b, a, c]) await models.use(one, nothing);
    expect(log).toEqual(['open a', 'open b', 'open c', 'close b']);
    expect(models.loaded).toEqual(['a', 'c']);
  });

  it('closes models that are too big together', async () => {
    const { log, models } = cache(9, 100);
    await models.use(await model('a', 20), nothing);
    await models.use(await model('b', 20), nothing);
    expect(log).toEqual(['open a', 'open b', 'close a']);
  });

  it('never closes a model in use', async () => {
    const { log, models } = cache(1);
    const b = await model('b');
    await models.use(await model('a'), () => models.use(b, nothing));
    expect(log).toEqual(['open a', 'open b']);
    await models.use(b, nothing);
    expect(log).toEqual(['open a', 'open b', 'close a']);
  });

  it('forgets a model that could not be loaded', async () => {
    const failing = new ModelCache({
      maxModels: 2,
      maxBytes: 1e9,
      open: async (): Promise<{ dispose(): void }> => {
        throw new Error('broken');
      },
    });
    const a = await model('a');
    await expect(failing.use(a, nothing)).rejects.toThrow('broken');
    expect(failing.loaded).toEqual([]);
  });
});
