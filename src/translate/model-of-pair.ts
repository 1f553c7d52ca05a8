/** The model of a direction of a pair, as the plugin that registers it says. */
import { loadAvailablePairs, resolveDirection } from '../catalog/index.js';
import { outputOptionsOf } from '../plugin-host/index.js';
import type { ResolvedModel, TranslatorOptions } from './translator-options.js';

/** @throws CycleboxError PAIR_NOT_FOUND, DOMAIN_NOT_FOUND, MODEL_MISSING, MODEL_HASH_MISMATCH, MODEL_INVALID */
export async function modelOfPair(
  pair: string,
  to: string,
  { plugins, pluginPlaces: places, modelStore }: Pick<TranslatorOptions, 'plugins' | 'pluginPlaces' | 'modelStore'>,
): Promise<ResolvedModel> {
  const translation = await resolveDirection((await loadAvailablePairs({ plugins, places })).pair(pair), to, {
    modelStore,
  });
  return {
    model: translation.model.path,
    sha256: translation.model.sha256,
    subject: { file: translation.model.path, pair, plugin: translation.pair.plugin.name },
    fit: translation.fit,
    output: outputOptionsOf(translation.pair.output ?? {}),
  };
}
