/**
 * What did a translation, as the journal notes it: the hash of the model file, and after an `@` the scale that images were
 * shown at, where that is not `native`. Another scale is another version: done stays done, and can be asked for anew.
 */
import type { Scale } from '../../plugin-api/index.js';
import { parseScale } from '../../plugin-host/index.js';

/** How a route shows its images. */
export interface RouteFit {
  readonly scale: Scale;
  /** What the manifest says of the model's training images; undefined where the model itself has to say. */
  readonly trainedSize?: number | undefined;
}

/** `HASH`, `HASH@512`, `HASH@trained` or `HASH@trained:143`. */
export function versionOf(sha256: string, { scale, trainedSize }: RouteFit): string {
  if (scale === 'native') return sha256;
  return `${sha256}@${scale}${scale === 'trained' && trainedSize !== undefined ? `:${trainedSize}` : ''}`;
}

/** What `versionOf` was given, but for the hash. */
export function fitOf(version: string): RouteFit {
  const [scale = 'native', trainedSize] = version.split('@')[1]?.split(':') ?? [];
  return { scale: parseScale(scale), ...(trainedSize !== undefined && { trainedSize: Number(trainedSize) }) };
}
