/** Sweeps through the real command line: here one after the other, and on a worker behind Redis. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { packageRoot } from '../../../src/base/index.js';
import type { SweepResults } from '../../../src/training/index.js';
import { queuePlace } from '../../support/queue-place.js';
import { hasRedis, openRedis } from '../../support/redis.js';
import { runNode } from '../../support/run-node.js';
import { trainingFolder } from '../../support/training-run.js';

const entry = join(packageRoot, 'dist/cli/main.js');
const tiny = { pair: 'red-blue', size: 32, loadSize: 36, width: 4, blocks: 1, poolSize: 2, steps: 3 };

/** Two rows that can be trained, and one whose folder has no images. */
async function writeSweep(folder: string): Promise<void> {
  await mkdir(join(folder, 'none'));
  const sweep = {
    ...{ name: 'try', seeds: [1] },
    base: { ...tiny, a: 'a', b: 'b', engine: 'cpu', threads: 1 },
    rows: [{ width: 4 }, { width: 5 }, { name: 'empty', a: 'none' }],
  };
  await writeFile(join(folder, 'sweep.json'), JSON.stringify(sweep));
}

async function results(folder: string): Promise<readonly (readonly [string, string | undefined, number])[]> {
  const { rows }: SweepResults = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'));
  return rows.map(({ name, runs }) => [name, runs[0]?.state, runs[0]?.steps ?? 0] as const);
}

const expected = [
  ['width-4', 'finished', 3],
  ['width-5', 'finished', 3],
  ['empty', 'failed', 0],
];

describe('sweep', () => {
  it('trains one row after the other, names what fails, and does not train again what is trained', async () => {
    const folder = await trainingFolder();
    await writeSweep(folder);
    const first = await runNode(folder, entry, 'train', '--sweep', 'sweep.json');
    expect(first).toMatchObject({ code: 1, out: expect.stringContaining('empty-s1 failed: DATASET_EMPTY') });
    expect(await results(folder)).toEqual(expected);
    const again = await runNode(folder, entry, 'train', '--sweep', 'sweep.json');
    expect(again.out).toContain('width-4-s1 was trained before');
    expect(await results(folder)).toEqual(expected);
    const other = await runNode(folder, entry, 'train', '--sweep', 'sweep.json', '--steps', '4');
    expect(other).toMatchObject({ code: 1, out: expect.stringContaining('FILE_EXISTS') });
  });

  it.runIf(hasRedis)('has its rows trained by workers, and one table of all', async () => {
    const redis = await openRedis();
    onTestFinished(() => redis.dispose());
    const place = await queuePlace(redis.url, 'sweep');
    await writeSweep(place.folder);
    place.worker();
    const { code, out } = await runNode(place.folder, entry, 'train', '--sweep', 'sweep.json', '--queue');
    expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('Queued 3 trainings') });
    expect(await results(place.folder)).toEqual(expected);
    expect(await place.queue.find('try-width-4-s1')).toMatchObject({ standing: 'finished' });
    expect(await place.queue.find('try-empty-s1')).toMatchObject({ standing: 'set-aside' });
  });
});
