/**
 * A picture that does not go through a network in one piece, and yet is to look as if it did: in parts that share the statistics of
 * the whole picture. What is exact and what a thumbnail is, `src/tiling/` has; here is how much memory they may take and
 * what the picture's rows are.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Samples } from '../image/index.js';
import type { TiledNetwork, TiledRun } from '../tiling/index.js';
import { imageOf, type Pixels, RowGatherer, type RowSink, type RowSource, rowsOf } from './part-pixels.js';
import { shrunk } from './shrunk.js';
import { type SizeRule, sidesFor } from './tensor-pixels.js';

export interface PartsLimits {
  /** For activations, as they are estimated. */
  readonly memoryBytes: number;
  /** Of one tile. */
  readonly maxPixels: number;
  /** Of activations, estimated. */
  readonly bytesPerPixel: number;
}

export interface PartsRequest {
  readonly network: TiledNetwork;
  readonly rule: SizeRule;
  readonly name: string;
  readonly limits: PartsLimits;
  readonly source: RowSource;
  readonly sink: RowSink;
  /** Values of the depth that results are to have. */
  readonly like: Samples;
  /** A small copy, for its statistics. Undefined: exact. */
  readonly thumbnail?: Pixels | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Larger tiles are no faster. */
const tileBytes = 32 * 2 ** 20;
/** Shares of the memory limit. The rest is for what the engine needs besides. */
const [tileShare, keptShare] = [0.3, 0.4];
/** Beyond this, what is kept goes to a file: the system's own cache holds what there is room for. */
const keptBytes = 256 * 2 ** 20;

/** @throws CANCELLED, WRITE_FAILED, OUT_OF_MEMORY, ENGINE_FAILED */
export function translateInParts(request: PartsRequest): Promise<TiledRun> {
  const { network, rule, limits, source, sink, thumbnail, name } = request;
  const gatherer = new RowGatherer(sink, request.like, name);
  return network.run(imageAt(source, rule), {
    tileBytes: tileBytesFor(limits),
    maxCells: limits.maxPixels,
    keptBytes: Math.min(keptBytes, limits.memoryBytes * keptShare),
    folder: spillFolder(),
    write: (region, data) => gatherer.write(region, data),
    thumbnail: thumbnail && imageAt(rowsOf(thumbnail), rule),
    onProgress: request.onProgress,
    signal: request.signal,
  });
}

/** What the values of one tile may take. */
export function tileBytesFor({ memoryBytes, maxPixels, bytesPerPixel }: PartsLimits): number {
  return Math.min(tileBytes, memoryBytes * tileShare, maxPixels * bytesPerPixel);
}

function imageAt(source: RowSource, rule: SizeRule) {
  const { width, height } = sidesFor(source, rule, { width: undefined, height: undefined });
  return imageOf(source, [height, width]);
}

/** The longer side of the copy that a thumbnail's statistics are taken of, in pixels. */
const thumbnailSide = 1024;

export function thumbnailOf(source: RowSource): Promise<Pixels> {
  const factor = Math.min(1, thumbnailSide / Math.max(source.width, source.height));
  const side = (length: number) => Math.max(1, Math.round(length * factor));
  return shrunk(source, { width: side(source.width), height: side(source.height) });
}

/**
 * Where large temporary files belong: `TMPDIR` where it is named, else on Linux `/var/tmp`, which is on a disk where `/tmp` may
 * be memory.
 */
export function spillFolder(): string {
  const named = process.env['TMPDIR'];
  if (named === undefined && process.platform === 'linux' && existsSync('/var/tmp')) return '/var/tmp';
  return tmpdir();
}
