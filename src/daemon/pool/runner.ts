/** Joins the inbox, which knows translations by name, to the worker, which knows models by file, and to what plugins do between. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CycleboxError, type Disposable, newJobId } from '../../base/index.js';
import type { Runner, RunRequest, Translation } from '../../inbox/index.js';
import type { OutputOptions } from '../../picture/index.js';
import type { ComputeFit, ComputeModel, ComputeStage, PictureSteps } from '../../worker/index.js';
import type { WorkerPool } from './worker-pool.js';

/** A plain grey PNG of 64 × 64 pixels. */
const greyPng =
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAKUlEQVR42u3MQREAAAwCIKMb3RD77SAA6VEEAoFAIBAIBAKBQCAQfA8G320AeXC6efoAAAAASUVORK5CYII=';

const selfTestWithinMs = 120_000;

/** What is to be run for a job. */
export interface Work {
  /** `winter-summer/summer`: what a router chose, or what stood there from the beginning. */
  readonly key: string;
  readonly model: ComputeModel;
  readonly fit: ComputeFit;
  readonly output: OutputOptions;
}

/** The part of a job that plugins have. */
export interface PluginWork {
  /** Undefined where no router is asked. @throws PLUGIN_…, PAIR_NOT_FOUND, DOMAIN_NOT_FOUND, MODEL_… */
  routed(request: RunRequest): Promise<Work> | undefined;
  /** Undefined where the translation has none. @throws PLUGIN_UNAVAILABLE */
  steps(request: RunRequest, key: string): DisposableSteps | undefined;
}

/** To be disposed of when the job has ended, however it did. */
export interface DisposableSteps extends PictureSteps, Disposable {}

/**
 * @param modelOf the model of a translation's key as it is now, or of its version where that can be had
 * @param howOf how a version of a translation shows images to its model, and what its results are like
 */
export function runnerOf(
  modelOf: (translation: Translation) => ComputeModel | undefined | Promise<ComputeModel | undefined>,
  howOf: (version: string) => Pick<Work, 'fit' | 'output'>,
  workers: WorkerPool,
  plugins: PluginWork,
): Runner {
  const required = async (translation: Translation): Promise<ComputeModel> => {
    const model = await modelOf(translation);
    if (model) return model;
    throw new CycleboxError('MODEL_MISSING', `There is no model for ${translation.key}.`);
  };
  const ordered = async (translation: Translation): Promise<Work> => {
    const { key, version } = translation;
    return { key, model: await required(translation), ...howOf(version) };
  };
  return {
    async run(request) {
      const { translation, ...task } = request;
      const { key, model, fit, output } = (await plugins.routed(request)) ?? (await ordered(translation));
      const steps = plugins.steps(request, key);
      try {
        const onStage = (stage: ComputeStage) => void (stage === 'translate' && request.onDecoded?.());
        const report = await workers.run({ ...task, model, fit, output, steps, onStage });
        return key === translation.key ? report : { ...report, translation: key };
      } finally {
        await steps?.dispose();
      }
    },
    prefetch({ translation, source, expected, mayGrow }) {
      // What a router will choose is not known yet, nor that a model will come from elsewhere.
      const model = modelOf(translation);
      if (!model || model instanceof Promise) return undefined;
      return workers.prefetch({ source, expected, mayGrow, output: howOf(translation.version).output });
    },
    async selfTest(translation, signal) {
      const folder = await mkdtemp(join(tmpdir(), 'cyclebox-self-test-'));
      try {
        const source = join(folder, 'grey.png');
        await writeFile(source, Buffer.from(greyPng, 'base64'));
        const model = await required(translation);
        const temporary = join(folder, 'result.png');
        await workers.run({ job: newJobId(), source, temporary, model, signal, timeoutMs: selfTestWithinMs });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
