/**
 * Fitting a style classifier takes a minute, and every model of a pair is judged by the same one: its weights are kept
 * under a name that follows from the images' files and the method. A file that cannot be read counts as absent.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { sha256File } from '../../base/index.js';
import type { TensorData } from '../../engine/index.js';
import { readSafetensorsFile, writeSafetensorsFile } from '../../nets/index.js';
import { styleMethod } from './style-classifier.js';
import { areStyleWeights, exchanged } from './style-network.js';

export interface StyleKey {
  readonly name: string;
  /** It is fitted with the two domains exchanged, so that both directions of a pair are judged by the same classifier. */
  readonly isExchanged: boolean;
}

export interface StyleKeyOptions {
  /** Files that it is fitted on, in order. */
  readonly a: readonly string[];
  readonly b: readonly string[];
  /** Height and width that they are brought to. */
  readonly size: number;
  readonly seed: number;
  /** Where it is fitted: another device rounds otherwise. */
  readonly device: string;
}

/** Follows from the files' contents and order, not from their names. @throws the system's error when one cannot be read */
export async function styleKeyOf({ a, b, size, seed, device }: StyleKeyOptions): Promise<StyleKey> {
  const [sumA, sumB] = [await sumOf(a), await sumOf(b)];
  const text = JSON.stringify([styleMethod, size, seed, device, ...[sumA, sumB].sort()]);
  return { name: digest(text).slice(0, 32), isExchanged: sumA > sumB };
}

/**
 * What is kept in `folder` under `key`, or what `fitNow` gives, which is then kept; for the domains as they were asked
 * for. @param fitNow fits with the domains exchanged where the key says so @throws what `fitNow` throws; WRITE_FAILED
 */
export async function keptStyleWeights(
  folder: string | undefined,
  { name, isExchanged }: StyleKey,
  fitNow: () => Promise<Record<string, TensorData>>,
): Promise<Record<string, TensorData>> {
  const weights =
    folder === undefined ? await fitNow() : await keptIn(join(folder, `style-${name}.safetensors`), fitNow);
  return isExchanged ? exchanged(weights) : weights;
}

async function keptIn(path: string, fitNow: () => Promise<Record<string, TensorData>>) {
  const kept = await readSafetensorsFile(path).catch(() => undefined);
  if (kept && areStyleWeights(kept.tensors)) return kept.tensors;
  const weights = await fitNow();
  await writeSafetensorsFile(path, weights);
  return weights;
}

async function sumOf(files: readonly string[]): Promise<string> {
  const sums: string[] = [];
  for (const file of files) sums.push(await sha256File(file));
  return digest(sums.join());
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
