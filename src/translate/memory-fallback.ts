/**
 * How a model is run on its device, and what is given up next when memory runs out: first tiles run at a time, then the
 * size of tiles, at last the device itself for the CPU. Pure decisions; `model-runner.ts` carries them out. What
 * was given up stays given up: the next picture starts where the last one got through.
 */
import type { Precision } from '../engine/index.js';
import { allowedLength, type SizeRule } from './tensor-pixels.js';

export interface MemoryFallback {
  /** True: on the CPU, since the device's memory did not do. */
  readonly onCpu: boolean;
  /** Undefined: what the options ask for. */
  readonly precision: Precision | undefined;
  /** Tiles in one run, at most. */
  readonly batch: number;
  /** Pixels of one tile (or of a picture in one piece), at most. */
  readonly maxPixels: number;
}

/**
 * `caches`: freed, nothing else changes. `lanes`: pictures no longer run beside each other. `precision`: float16 gave NaN. `calibration`: that for int8 is of no use. The rest: less memory is
 * asked for.
 */
export type MemoryStepKind = 'caches' | 'lanes' | 'batch' | 'tiles' | 'cpu' | 'precision' | 'calibration';

/** What one run asked for when it failed. */
export interface RunSize {
  readonly batch: number;
  /** Of one tile, as the network saw it. */
  readonly pixels: number;
}

/** More tiles at a time than this gain nothing: each is large enough to keep a device busy. */
export const maxBatch = 4;

/** Below this side a tile is nearly all overlap. */
export const minTile = 64;
/** Shorter sides leave a network so little context that the slower CPU does better. */
const minGpuTile = 256;

export const noFallback: MemoryFallback = Object.freeze({
  onCpu: false,
  precision: undefined,
  batch: maxBatch,
  maxPixels: Number.POSITIVE_INFINITY,
});

/**
 * The fallback that asks for less than `failed`; undefined when there is none.
 * @param isLast whether the model runs on the CPU already
 */
export function nextFallback(
  fallback: MemoryFallback,
  failed: RunSize,
  rule: SizeRule,
  isLast: boolean,
): { readonly kind: MemoryStepKind; readonly fallback: MemoryFallback } | undefined {
  if (failed.batch > 1) return { kind: 'batch', fallback: { ...fallback, batch: Math.floor(failed.batch / 2) } };
  const smallest = allowedLength(isLast ? minTile : minGpuTile, rule);
  const maxPixels = Math.max(smallest ** 2, Math.floor(failed.pixels / 2));
  if (maxPixels < failed.pixels) return { kind: 'tiles', fallback: { ...fallback, batch: 1, maxPixels } };
  return isLast ? undefined : { kind: 'cpu', fallback: { ...noFallback, onCpu: true, precision: 'float32' } };
}
