/**
 * One picture through one program: whole where its activations fit into memory, else in overlapping tiles that are
 * blended into each other. The result has the picture's size and its alpha; what the network sees is fit beforehand.
 *
 * Tiles are worked through row by row and only one row of them is kept as floats, so that a large picture needs
 * little more than its own bytes besides the activations of one tile.
 */
import { CycleboxError } from '../base/index.js';
import type { Program } from '../engine/index.js';
import { type Picture, planTiles, type TilePlan, toByte, toByteScale } from '../image/index.js';
import { allowedLength, type Region, regionToTensor, type SizeRule } from './tensor-pixels.js';

/** A program with what its pictures must be like; made once per model. */
export interface Network {
  readonly program: Program;
  readonly rule: SizeRule;
  /** Estimated, for every pixel of the padded input. */
  readonly bytesPerPixel: number;
  /** How errors name the model. */
  readonly name: string;
}

export interface TranslatePictureOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface TranslatedPicture {
  readonly picture: Picture;
  /** 1: in one piece. */
  readonly tiles: number;
}

/** The largest overlap: more context than this changes little and costs much. */
const maxOverlap = 128;
/** Below this side a tile is nearly all overlap. */
const smallestTile = 64;

/** @throws CycleboxError OUT_OF_MEMORY, MODEL_INVALID, ENGINE_FAILED, CANCELLED */
export async function translatePicture(
  network: Network,
  picture: Picture,
  memoryLimitBytes: number,
  { signal }: TranslatePictureOptions = {},
): Promise<TranslatedPicture> {
  const plan = planFor(network, picture, memoryLimitBytes);
  const { rows, columns } = plan;
  const rgb = new Uint8Array(picture.rgb.length);
  let band: Float32Array = new Float32Array(0);
  for (const [row, top] of rows.starts.entries()) {
    band = continueBand(band, top - (rows.starts[row - 1] ?? 0), rows.length * picture.width * 3, picture.width * 3);
    for (const column of columns.starts.keys()) {
      requireGoOn(signal);
      await addTile(network, picture, plan, { row, column }, band);
    }
    storeBand(
      band,
      rgb,
      top * picture.width * 3,
      (rows.starts[row + 1] ?? picture.height) * picture.width * 3,
      network,
    );
  }
  requireGoOn(signal);
  return { picture: { ...picture, rgb }, tiles: plan.count };
}

function planFor({ bytesPerPixel, rule, name }: Network, { width, height }: Picture, limit: number): TilePlan {
  if (allowedLength(width, rule) * allowedLength(height, rule) * bytesPerPixel <= limit)
    return planTiles(width, height, { size: Math.max(width, height), overlap: 0 });
  const size = Math.floor(Math.sqrt(limit / bytesPerPixel) / rule.multiple) * rule.multiple;
  const smallest = allowedLength(smallestTile, rule);
  if (size < smallest)
    throw new CycleboxError(
      'OUT_OF_MEMORY',
      `${name} needs about ${megabytes(smallest ** 2 * bytesPerPixel)} for its smallest tile of ${smallest} × ${smallest} pixels; ` +
        `the memory limit is ${megabytes(limit)}. Raise it with --memory-limit (option memoryLimitBytes).`,
    );
  return planTiles(width, height, { size, overlap: Math.min(maxOverlap, Math.floor(size / 4)) });
}

const megabytes = (bytes: number): string => `${Number((bytes / 1e6).toPrecision(3))} MB`;

/** The float rows of the next row of tiles: they begin with what the last row of tiles has added to them already. */
function continueBand(last: Float32Array, lines: number, length: number, lineLength: number): Float32Array {
  const band = new Float32Array(length);
  band.set(last.subarray(lines * lineLength));
  return band;
}

/** Runs one tile and adds it, weighted, to `band`: interleaved colours on the byte scale, one tile high. */
async function addTile(
  network: Network,
  picture: Picture,
  { rows, columns }: TilePlan,
  at: { readonly row: number; readonly column: number },
  band: Float32Array,
): Promise<void> {
  const region = { x: columns.starts[at.column]!, y: rows.starts[at.row]!, width: columns.length, height: rows.length };
  const { data, rowLength, plane } = await run(network, picture, region);
  const [rowWeights, columnWeights] = [rows.weights[at.row]!, columns.weights[at.column]!];
  for (let y = 0; y < region.height; y++) {
    let to = (y * picture.width + region.x) * 3;
    for (let x = 0, from = y * rowLength; x < region.width; x++, from++, to += 3) {
      const weight = rowWeights[y]! * columnWeights[x]!;
      if (weight === 0) continue;
      band[to] = band[to]! + weight * toByteScale(data[from]!);
      band[to + 1] = band[to + 1]! + weight * toByteScale(data[from + plane]!);
      band[to + 2] = band[to + 2]! + weight * toByteScale(data[from + 2 * plane]!);
    }
  }
}

async function run({ program, rule, name }: Network, picture: Picture, region: Region) {
  const image = regionToTensor(picture, region, rule);
  const results = await program.run({ [program.inputs[0]!]: image });
  const translated = results[program.outputs[0]!];
  if (translated?.shape.join() !== image.shape.join())
    throw new CycleboxError(
      'MODEL_INVALID',
      `${name} made ${translated?.shape.join(' × ')} of ${image.shape.join(' × ')}; an image-to-image network keeps the ` +
        'size. If it needs sides that are multiples of some number, name it in its metadata as cyclebox.size_multiple.',
    );
  return { data: translated.data, rowLength: image.shape[3], plane: image.shape[2] * image.shape[3] };
}

/** Rounds the finished rows of `band` into `rgb[from, to)`. */
function storeBand(band: Float32Array, rgb: Uint8Array, from: number, to: number, { name }: Network): void {
  for (let i = from; i < to; i++) {
    const value = band[i - from]!;
    if (Number.isNaN(value))
      throw new CycleboxError('ENGINE_FAILED', `${name} gave values that are not numbers. Its weights may be damaged.`);
    rgb[i] = toByte(value);
  }
}

function requireGoOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CycleboxError('CANCELLED', 'The translation was cancelled.', { cause: signal.reason });
}
