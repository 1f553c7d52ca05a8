/**
 * Brings a change that was made to a small copy of a picture back to the picture itself: the guided upsampling of He & Sun
 * (2015). The local maps of colours are enlarged, not pixels, and applied to the picture's own: its edges and texture
 * stay as sharp as they were. What the network added by itself, such as stripes, is enlarged smoothly and no finer than it was.
 */
import { type PictureOf, type Samples, samplesLike, toSample, whiteOf } from '../image/index.js';
import { mapLength } from './affine-map.js';
import { LocalAffine } from './local-affine.js';
import { type RowSink, type RowSource, rowsOf } from './part-pixels.js';

/** Pixels between two moments in which others may do something: about 10 ms. */
const pixelsAtATime = 200_000;
/** Rows come and go in strips that are not all too low. */
const [fewestRows, mostRows] = [16, 128];

export interface Change<S extends Samples> {
  /** The small copy. */
  readonly before: PictureOf<S>;
  /** What became of it; of the same size. */
  readonly after: PictureOf<S>;
}

/**
 * The picture as `change` would have it, with its size and alpha.
 * @param throwIfCancelled called between strips of rows; ends the work by throwing
 */
export async function transferChange<S extends Samples>(
  picture: PictureOf<S>,
  change: Change<S>,
  throwIfCancelled: () => void = () => {},
): Promise<PictureOf<S>> {
  const { width, height } = picture;
  const rgb = samplesLike(picture.rgb, picture.rgb.length);
  await transferRows(
    rowsOf(picture),
    { width, height, write: async (from, rows) => rgb.set(rows, from * width * 3) },
    change,
    throwIfCancelled,
  );
  return { ...picture, rgb };
}

/** The same from rows to rows. @param throwIfCancelled told how much is done, from 0 to 1 */
export async function transferRows(
  source: RowSource,
  sink: RowSink,
  change: Change<Samples>,
  throwIfCancelled: (fraction: number) => void,
): Promise<void> {
  const { width, height } = source;
  const maps = new LocalAffine(change.before, change.after);
  const columns = new Taps(width, maps.width);
  const rows = new Taps(height, maps.height);
  const row = new Float64Array(maps.width * mapLength);
  const piece = new Float64Array(4 * mapLength);
  const rowsAtATime = Math.min(mostRows, Math.max(fewestRows, Math.ceil(pixelsAtATime / width)));
  for (let from = 0; from < height; from += rowsAtATime) {
    await new Promise(resolve => setImmediate(resolve));
    throwIfCancelled(from / height);
    const to = Math.min(height, from + rowsAtATime);
    const before = await source.rows(from, to);
    const after = samplesLike(before, before.length);
    for (let y = from; y < to; y++) {
      interpolateRow(maps, rows, y, row);
      const [start, stop] = [(y - from) * width * 3, (y - from + 1) * width * 3];
      applyRow(before.subarray(start, stop), row, columns, after.subarray(start, stop), piece);
    }
    await sink.write(from, after);
  }
}

/** For every position of a longer axis: four positions of a shorter one and their weights (Catmull-Rom; Keys 1981, a = -½). */
class Taps {
  readonly positions: Int32Array;
  readonly weights: Float64Array;
  /** The second of the four, before it is kept inside. */
  readonly #bases: Int32Array;
  /** How far behind that, from 0 to 1. */
  readonly #places: Float64Array;
  /** From one position to the next. */
  readonly #step: number;

  constructor(length: number, from: number) {
    this.positions = new Int32Array(length * 4);
    this.weights = new Float64Array(length * 4);
    this.#bases = new Int32Array(length);
    this.#places = new Float64Array(length);
    this.#step = from / length;
    for (let i = 0; i < length; i++) {
      const at = ((i + 0.5) * from) / length - 0.5;
      const base = Math.floor(at);
      this.#bases[i] = base;
      this.#places[i] = at - base;
      for (let t = 0; t < 4; t++) {
        this.positions[i * 4 + t] = Math.min(from - 1, Math.max(0, base - 1 + t));
        this.weights[i * 4 + t] = keys(at - (base - 1 + t));
      }
    }
  }

  /** The first position behind `from` that has other taps than that. */
  endOfPiece(from: number): number {
    const bases = this.#bases;
    let to = from + 1;
    while (to < bases.length && bases[to] === bases[from]) to++;
    return to;
  }

  /**
   * Of every coefficient of `maps`: its value at `from` and its first three forward differences there, four numbers each. They give it at
   * all positions of the piece, in which it is the cubic a·t³ + b·t² + c·t + d.
   */
  writeDifferences(maps: Float64Array, from: number, into: Float64Array): void {
    const t = this.#places[from]!;
    const h = this.#step;
    const p0 = this.positions[from * 4]! * mapLength;
    const p1 = this.positions[from * 4 + 1]! * mapLength;
    const p2 = this.positions[from * 4 + 2]! * mapLength;
    const p3 = this.positions[from * 4 + 3]! * mapLength;
    for (let k = 0; k < mapLength; k++) {
      const m0 = maps[p0 + k]!;
      const m1 = maps[p1 + k]!;
      const m2 = maps[p2 + k]!;
      const m3 = maps[p3 + k]!;
      const a = 0.5 * (m3 - m0) + 1.5 * (m1 - m2);
      const b = m0 - 2.5 * m1 + 2 * m2 - 0.5 * m3;
      const c = 0.5 * (m2 - m0);
      into[4 * k] = ((a * t + b) * t + c) * t + m1;
      into[4 * k + 1] = h * (a * (3 * t * (t + h) + h * h) + b * (2 * t + h) + c);
      into[4 * k + 2] = h * h * (6 * a * (t + h) + 2 * b);
      into[4 * k + 3] = 6 * a * h * h * h;
    }
  }
}

function keys(distance: number): number {
  const x = Math.abs(distance);
  if (x >= 2) return 0;
  return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
}

function interpolateRow(maps: LocalAffine, { positions, weights }: Taps, y: number, row: Float64Array): void {
  const [w0, w1, w2, w3] = [weights[y * 4]!, weights[y * 4 + 1]!, weights[y * 4 + 2]!, weights[y * 4 + 3]!];
  const from0 = maps.row(positions[y * 4]!);
  const from1 = maps.row(positions[y * 4 + 1]!);
  const from2 = maps.row(positions[y * 4 + 2]!);
  const from3 = maps.row(positions[y * 4 + 3]!);
  for (let i = 0; i < row.length; i++) row[i] = w0 * from0[i]! + w1 * from1[i]! + w2 * from2[i]! + w3 * from3[i]!;
}

/** Of one row. Its pixels between the same taps are a piece: there, maps change from one to the next by three additions. */
function applyRow<S extends Samples>(rgb: S, maps: Float64Array, taps: Taps, into: S, piece: Float64Array): void {
  const pixels = rgb.length / 3;
  const white = whiteOf(rgb);
  for (let from = 0; from < pixels; ) {
    const to = taps.endOfPiece(from);
    taps.writeDifferences(maps, from, piece);
    for (let channel = 0; channel < 3; channel++) applyPiece(rgb, piece, channel, from * 3, to * 3, white, into);
    from = to;
  }
}

/** One channel of a piece: `r`, `g` and `b` times the colours, and `o`, each with its differences. */
function applyPiece<S extends Samples>(
  rgb: S,
  piece: Float64Array,
  channel: number,
  from: number,
  to: number,
  white: number,
  into: S,
): void {
  const unit = 255 / white;
  const k = 16 * channel;
  let r = piece[k]! * unit;
  let r1 = piece[k + 1]! * unit;
  let r2 = piece[k + 2]! * unit;
  const r3 = piece[k + 3]! * unit;
  let g = piece[k + 4]! * unit;
  let g1 = piece[k + 5]! * unit;
  let g2 = piece[k + 6]! * unit;
  const g3 = piece[k + 7]! * unit;
  let b = piece[k + 8]! * unit;
  let b1 = piece[k + 9]! * unit;
  let b2 = piece[k + 10]! * unit;
  const b3 = piece[k + 11]! * unit;
  let o = piece[k + 12]!;
  let o1 = piece[k + 13]!;
  let o2 = piece[k + 14]!;
  const o3 = piece[k + 15]!;
  for (let p = from; p < to; p += 3) {
    into[p + channel] = toSample(r * rgb[p]! + g * rgb[p + 1]! + b * rgb[p + 2]! + o, white);
    r += r1;
    r1 += r2;
    r2 += r3;
    g += g1;
    g1 += g2;
    g2 += g3;
    b += b1;
    b1 += b2;
    b2 += b3;
    o += o1;
    o1 += o2;
    o2 += o3;
  }
}
