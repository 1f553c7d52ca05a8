/**
 * The face of translation, for pipelines and for our own worker and command line: opens one model on one engine and
 * takes images through it. Knows nothing of folders, queues or output names.
 */
import { availableParallelism } from 'node:os';
import { asCycleboxError } from '../base/index.js';
import { openImageModel } from '../catalog/index.js';
import { openEngine } from '../engine/index.js';
import { ModelRunner } from './model-runner.js';
import { ModelTranslator } from './model-translator.js';
import { positive, resolveOptions } from './resolve-options.js';
import { sizeAtScale } from './translate-at-scale.js';
import type { Translator } from './translator.js';
import type { ResolvedOptions, TranslatorOptions } from './translator-options.js';

/**
 * @throws CycleboxError USAGE, PAIR_NOT_FOUND, DOMAIN_NOT_FOUND, MODEL_MISSING, MODEL_HASH_MISMATCH, MODEL_INVALID,
 * ENGINE_UNAVAILABLE, OUT_OF_MEMORY
 */
export async function openTranslator(options: TranslatorOptions): Promise<Translator> {
  const { memoryLimitBytes } = options;
  const lanes = Math.min(options.lanes ?? 1, options.threads ?? availableParallelism());
  const resolved = await resolveOptions(options);
  if (memoryLimitBytes !== undefined) positive('memoryLimitBytes', memoryLimitBytes);
  try {
    const runner = await ModelRunner.open({
      model: await openImageModel(resolved.model, resolved.sha256, resolved.reading),
      openEngine: options.openEngine ?? openEngine,
      engine: options.engine ?? 'auto',
      precision: options.precision ?? 'auto',
      threads: options.threads,
      memoryLimitBytes,
      fallback: options.fallback,
      onStep: options.onMemoryStep,
      freeMemory: options.freeMemory,
      lanes,
    });
    return await checkedTranslator(new ModelTranslator(resolved, runner, lanes), resolved, runner);
  } catch (error) {
    throw asCycleboxError(error, resolved.subject, 'MODEL_INVALID');
  }
}

/** What cannot work for any picture is said at once. @throws SCALE_UNKNOWN, having closed the translator */
async function checkedTranslator(
  translator: ModelTranslator,
  { scale, trainedSize, model }: ResolvedOptions,
  runner: ModelRunner,
): Promise<ModelTranslator> {
  try {
    sizeAtScale({ width: 1, height: 1 }, scale, trainedSize ?? runner.trainedSize, model);
    return translator;
  } catch (error) {
    await translator.dispose();
    throw error;
  }
}
