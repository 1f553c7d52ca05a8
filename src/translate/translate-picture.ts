/**
 * One picture through one program: whole where its activations fit into memory, else in overlapping tiles that are
 * blended into each other. The result has the picture's size and its alpha (both larger where the network enlarges); what the
 * network sees is fit beforehand.
 *
 * Tiles are worked through row by row and only one row of them is kept as floats, so that a large picture needs
 * little more than its own bytes besides the activations of one tile.
 */
import { CycleboxError, throwIfAborted } from '../base/index.js';
import type { EngineChoice, Precision, Program } from '../engine/index.js';
import {
  type AnyPicture,
  enlargeTiles,
  type PictureOf,
  planTiles,
  resizeAlpha,
  type Samples,
  samplesLike,
  type TilePlan,
  toByteScale,
  toSample,
  whiteOf,
} from '../image/index.js';
import type { FixedSizes } from '../onnx/index.js';
import type { Tiling } from '../plugin-api/index.js';
import { insistsOnSize } from './fixed-size.js';
import { minTile, type RunSize } from './memory-fallback.js';
import {
  allowedLength,
  filled,
  type Region,
  regionsToTensor,
  type SizeRule,
  sidesFor,
  type UnitTensor,
} from './tensor-pixels.js';

/** A program with what its pictures must be like; made once per model. */
export interface Network {
  readonly program: Program;
  readonly rule: SizeRule;
  /** The shorter side of whole training images, in pixels, if the model says so. */
  readonly trainedSize: number | undefined;
  /** Sizes that it takes no others than. */
  readonly fixed: FixedSizes;
  /** How many times larger the sides of its results are; 1 but for networks that enlarge. */
  readonly scale: number;
  /** Estimated, for every pixel of the padded input. */
  readonly bytesPerPixel: number;
  /** How errors name the model. */
  readonly name: string;
  /** Whether several pictures may be given at once. */
  readonly batches: boolean;
}

/** What one run may ask for. */
export interface Limits {
  /** For activations, as they are estimated. */
  readonly memoryBytes: number;
  /** Of one tile. */
  readonly maxPixels: number;
  /** Of a tile, where a picture does not go in one piece. */
  readonly tileSide: number;
  /** Tiles at a time. */
  readonly batch: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how far the picture has come, from 0 to 1. Not called for one that goes in one piece. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  /** For a picture that does not go in one piece. Default `exact`; `independent` where the network cannot be taken in parts. */
  readonly tiling?: Tiling | undefined;
}

/** A picture as it came out of a network. */
export interface PictureRun<S extends Samples = Samples> {
  readonly picture: PictureOf<S>;
  /** 1: in one piece. */
  readonly tiles: number;
  /** Where it was translated. */
  readonly device: EngineChoice;
  readonly precision: Precision;
  /** Of several tiles: what they were normalised by. */
  readonly tiling?: Tiling | undefined;
  /** Why it was not translated in the precision that its model is loaded in: sentences without a subject, which is the source. */
  readonly notes?: readonly string[] | undefined;
}

/** The largest overlap: more context than this changes little and costs much. */
const maxOverlap = 128;

/** How a picture goes through a network. */
export interface PicturePlan extends RunSize {
  readonly tiles: TilePlan;
}

/** @throws CycleboxError MODEL_INVALID, ENGINE_FAILED, OUT_OF_MEMORY (from the engine), CANCELLED */
export async function translatePicture<S extends Samples>(
  network: Network,
  picture: PictureOf<S>,
  plan: PicturePlan,
  { signal, onProgress }: RunOptions = {},
): Promise<PictureOf<S>> {
  const { rows, columns } = enlargeTiles(plan.tiles, network.scale);
  const [width, height] = [picture.width * network.scale, picture.height * network.scale];
  const rgb = samplesLike(picture.rgb, width * height * 3);
  let band: Float32Array = new Float32Array(0);
  for (const [row, top] of rows.starts.entries()) {
    band = continueBand(band, top - (rows.starts[row - 1] ?? 0), rows.length * width * 3, width * 3);
    for (let column = 0; column < columns.starts.length; column += plan.batch) {
      throwIfAborted(signal, 'The translation was cancelled.');
      const count = Math.min(plan.batch, columns.starts.length - column);
      await addTiles(network, picture, plan.tiles, { row, column, count }, { columns, rows, band });
    }
    onProgress?.((row + 1) / rows.starts.length);
    storeBand(band, rgb, top * width * 3, (rows.starts[row + 1] ?? height) * width * 3, network);
  }
  throwIfAborted(signal, 'The translation was cancelled.');
  return withPixels(picture, { width, height, rgb });
}

/** The picture with other pixels, and its alpha at their size. */
export async function withPixels<S extends Samples>(
  picture: PictureOf<S>,
  pixels: Pick<PictureOf<S>, 'width' | 'height' | 'rgb'>,
): Promise<PictureOf<S>> {
  const { width, height } = pixels;
  if (width === picture.width && height === picture.height) return { ...picture, ...pixels };
  const alpha = await resizeAlpha(picture, width, height);
  return { ...picture, ...pixels, ...(alpha && { alpha }) };
}

/** Whether a picture needs no tiles. */
export function goesWhole(network: Network, picture: AnyPicture, limits: Limits): boolean {
  const { width, height } = sidesFor(picture, network.rule, network.fixed);
  return width * height <= mostPixelsAtOnce(network, limits);
}

function mostPixelsAtOnce({ bytesPerPixel }: Network, { memoryBytes, maxPixels }: Limits): number {
  return Math.min(memoryBytes / bytesPerPixel, maxPixels);
}

/**
 * @param picture of the size that the network insists on, if it does
 * @throws OUT_OF_MEMORY when the memory limit is below the smallest tile, or the one size that there is
 */
export function planPicture(network: Network, picture: AnyPicture, limits: Limits): PicturePlan {
  const { bytesPerPixel, rule, name, batches, fixed } = network;
  const { width, height } = picture;
  const affordable = limits.memoryBytes / bytesPerPixel;
  const most = mostPixelsAtOnce(network, limits);
  const sides = sidesFor(picture, rule, fixed);
  const pixels = sides.width * sides.height;
  if (pixels <= most)
    return { tiles: planTiles(width, height, { size: Math.max(width, height), overlap: 0 }), pixels, batch: 1 };
  if (insistsOnSize(fixed))
    throw noRoom(
      name,
      `${sides.width} × ${sides.height} pixels, the size it insists on`,
      pixels * bytesPerPixel,
      limits,
    );
  const wanted = Math.min(Math.sqrt(most), limits.tileSide);
  const size = Math.floor(wanted / rule.multiple) * rule.multiple;
  const smallest = allowedLength(minTile, rule);
  if (size < smallest)
    throw noRoom(name, `its smallest tile of ${smallest} × ${smallest} pixels`, smallest ** 2 * bytesPerPixel, limits);
  const tiles = planTiles(width, height, { size, overlap: Math.min(maxOverlap, Math.floor(size / 4)) });
  const tilePixels = allowedLength(tiles.columns.length, rule) * allowedLength(tiles.rows.length, rule);
  const fits = Math.min(limits.batch, Math.floor(affordable / tilePixels), tiles.columns.starts.length);
  return { tiles, pixels: tilePixels, batch: batches ? Math.max(1, fits) : 1 };
}

function noRoom(name: string, what: string, bytes: number, { memoryBytes }: Limits): CycleboxError {
  return new CycleboxError(
    'OUT_OF_MEMORY',
    `${name} needs about ${megabytes(bytes)} for ${what}; the memory limit is ${megabytes(memoryBytes)}. ` +
      'Raise it with --memory-limit (option memoryLimitBytes).',
  );
}

const megabytes = (bytes: number): string => `${Number((bytes / 1e6).toPrecision(3))} MB`;

/** The float rows of the next row of tiles: they begin with what the last row of tiles has added to them already. */
function continueBand(last: Float32Array, lines: number, length: number, lineLength: number): Float32Array {
  const band = new Float32Array(length);
  band.set(last.subarray(lines * lineLength));
  return band;
}

/** Some neighbours in a row of tiles. */
interface TileRange {
  readonly row: number;
  readonly column: number;
  readonly count: number;
}

/** Where results go: tiles as they lie in them, and interleaved colours on the byte scale, one tile high. */
interface Band extends Pick<TilePlan, 'columns' | 'rows'> {
  readonly band: Float32Array;
}

/** Runs the tiles and adds them, weighted, to the band. */
async function addTiles(
  network: Network,
  picture: AnyPicture,
  { rows, columns }: TilePlan,
  { row, column, count }: TileRange,
  to: Band,
): Promise<void> {
  const starts = columns.starts.slice(column, column + count);
  const regions = starts.map(x => ({ x, y: rows.starts[row]!, width: columns.length, height: rows.length }));
  const { data, rowLength, plane } = await run(network, picture, regions);
  const result = { width: to.columns.length, height: to.rows.length, y: to.rows.starts[row]! };
  for (let i = 0; i < count; i++) {
    const tile = data.subarray(i * 3 * plane, (i + 1) * 3 * plane);
    const weights = [to.rows.weights[row]!, to.columns.weights[column + i]!] as const;
    const region = { ...result, x: to.columns.starts[column + i]! };
    addTile({ data: tile, rowLength, plane }, region, weights, to.band, picture.width * network.scale);
  }
}

/** A result as three planes of values in [-1, 1]: `rowLength` values a row, `plane` values a plane. */
export interface Planes {
  readonly data: Float32Array;
  readonly rowLength: number;
  readonly plane: number;
}

function addTile(
  { data, rowLength, plane }: Planes,
  region: Region,
  [rowWeights, columnWeights]: readonly [Float32Array, Float32Array],
  band: Float32Array,
  width: number,
): void {
  for (let y = 0; y < region.height; y++) {
    let to = (y * width + region.x) * 3;
    for (let x = 0, from = y * rowLength; x < region.width; x++, from++, to += 3) {
      const weight = rowWeights[y]! * columnWeights[x]!;
      if (weight === 0) continue;
      band[to] = band[to]! + weight * toByteScale(data[from]!);
      band[to + 1] = band[to + 1]! + weight * toByteScale(data[from + plane]!);
      band[to + 2] = band[to + 2]! + weight * toByteScale(data[from + 2 * plane]!);
    }
  }
}

async function run(network: Network, picture: AnyPicture, regions: readonly Region[]): Promise<Planes> {
  const { rule, fixed } = network;
  return runTensor(network, regionsToTensor(picture, filled(regions, fixed.batch), sidesFor(regions[0]!, rule, fixed)));
}

/** @throws MODEL_INVALID for results of another size than the image's, times `scale`; what the engine throws */
export async function runTensor({ program, name, scale }: Network, image: UnitTensor): Promise<Planes> {
  const results = await program.run({ [program.inputs[0]!]: image });
  const translated = results[program.outputs[0]!];
  const [n, , height, width] = image.shape;
  if (translated?.shape.join() !== [n, 3, height * scale, width * scale].join())
    throw new CycleboxError(
      'MODEL_INVALID',
      `${name} made ${translated?.shape.join(' × ')} of ${image.shape.join(' × ')}; ${
        scale === 1 ? 'an image-to-image network keeps the size' : `it is to enlarge ${scale} times`
      }. If it needs sides that are multiples of some number, name it in its metadata as cyclebox.size_multiple; if it ` +
        'enlarges, as cyclebox.scale.',
    );
  return { data: translated.data, rowLength: width * scale, plane: height * width * scale ** 2 };
}

/** Rounds the finished rows of `band` into `rgb[from, to)`. */
function storeBand(band: Float32Array, rgb: Samples, from: number, to: number, { name }: Network): void {
  const white = whiteOf(rgb);
  for (let i = from; i < to; i++) {
    const value = band[i - from]!;
    if (Number.isNaN(value)) throw notANumber(name);
    rgb[i] = toSample(value, white);
  }
}

export function notANumber(name: string): CycleboxError {
  return new CycleboxError('ENGINE_FAILED', `${name} produced NaN. Its weights may be damaged.`);
}
