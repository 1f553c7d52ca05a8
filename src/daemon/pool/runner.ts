/** Joins the inbox, which knows translations by name, to the worker, which knows models by file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CycleboxError, newJobId } from '../../base/index.js';
import type { Runner } from '../../inbox/index.js';
import type { ComputeFit, ComputeModel, ComputeReport } from '../../worker/index.js';
import type { WorkerPool } from './worker-pool.js';

/** A plain grey PNG of 64 × 64 pixels. */
const greyPng =
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAKUlEQVR42u3MQREAAAwCIKMb3RD77SAA6VEEAoFAIBAIBAKBQCAQfA8G320AeXC6efoAAAAASUVORK5CYII=';

const selfTestWithinMs = 120_000;

/**
 * @param modelOf the model of a translation's key as it is now
 * @param fitOf how a version of a translation shows images to its model
 */
export function runnerOf(
  modelOf: (key: string) => ComputeModel | undefined,
  fitOf: (version: string) => ComputeFit,
  workers: WorkerPool,
): Runner {
  const required = (key: string): ComputeModel => {
    const model = modelOf(key);
    if (model) return model;
    throw new CycleboxError('MODEL_MISSING', `There is no model for ${key}.`);
  };
  return {
    async run({ translation, ...task }): Promise<ComputeReport> {
      const { key, version } = translation;
      return workers.run({ ...task, model: required(key), fit: fitOf(version) });
    },
    async selfTest(translation, signal) {
      const folder = await mkdtemp(join(tmpdir(), 'cyclebox-self-test-'));
      try {
        const source = join(folder, 'grey.png');
        await writeFile(source, Buffer.from(greyPng, 'base64'));
        const model = required(translation.key);
        const temporary = join(folder, 'result.png');
        await workers.run({ job: newJobId(), source, temporary, model, signal, timeoutMs: selfTestWithinMs });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
