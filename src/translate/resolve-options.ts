/**
 * From what a translator is opened with to what the code reads: here alone. Plugins are looked through only where a pair is named; workers,
 * which are given files, never load what that takes.
 */
import { CycleboxError } from '../base/index.js';
import { defaultMaxPixels } from '../image/index.js';
import { parseScale, parseTiling } from '../plugin-host/index.js';
import type { ResolvedModel, ResolvedOptions, TranslatorOptions } from './translator-options.js';

/** @throws CycleboxError USAGE, SCALE_UNKNOWN, PAIR_NOT_FOUND, DOMAIN_NOT_FOUND, MODEL_MISSING, MODEL_HASH_MISMATCH, MODEL_INVALID */
export async function resolveOptions(options: TranslatorOptions): Promise<ResolvedOptions> {
  const { network, architecture } = options;
  const { model, sha256, subject, fit, output = {} } = await resolveModel(options);
  const { maxMegapixels = defaultMaxPixels / 1e6 } = options;
  const maxPixels = positive('maxMegapixels', maxMegapixels) * 1e6;
  const scale = parseScale(options.scale ?? fit?.scale ?? 'native');
  const tiling = parseTiling(options.tiling ?? fit?.tiling ?? 'exact');
  const { metadata = 'keep' } = options;
  const reading = { network, architecture };
  const trainedSize = fit?.trainedSize;
  return Object.freeze({ model, reading, output, sha256, subject, maxPixels, metadata, scale, tiling, trainedSize });
}

async function resolveModel(options: TranslatorOptions): Promise<ResolvedModel> {
  const { model, sha256, pair, to } = options;
  if (model === undefined && (options.network ?? options.architecture) !== undefined)
    throw new CycleboxError('USAGE', 'A network or an architecture is for a model file (model); a pair has its own.');
  if (model !== undefined) return { model, sha256, subject: { file: model, pair } };
  if (pair === undefined || to === undefined)
    throw new CycleboxError('USAGE', 'Name a model file (model), or a pair and a domain (pair, to).');
  const { modelOfPair } = await import('./model-of-pair.js');
  return modelOfPair(pair, to, options);
}

/** @throws USAGE naming the option */
export function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new CycleboxError('USAGE', `${name} is ${value}; it must be a number above 0.`);
}
