/**
 * Brings a change that was made to a small copy of a picture back to the picture itself: the guided upsampling of He & Sun
 * (2015). The local maps of colours are enlarged, not pixels, and applied to the picture's own: its edges and texture
 * stay as sharp as they were. What the network added by itself, such as stripes, is enlarged smoothly and no finer than it was.
 */
import { type PictureOf, type Samples, samplesLike, toSample, whiteOf } from '../image/index.js';
import { mapLength } from './affine-map.js';
import { LocalAffine } from './local-affine.js';
import { type RowSink, type RowSource, rowsOf } from './part-pixels.js';

/** Rows between two moments in which others may do something. */
const rowsAtATime = 128;

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
  for (let from = 0; from < height; from += rowsAtATime) {
    await new Promise(resolve => setImmediate(resolve));
    throwIfCancelled(from / height);
    const to = Math.min(height, from + rowsAtATime);
    const before = await source.rows(from, to);
    const after = samplesLike(before, before.length);
    for (let y = from; y < to; y++) {
      interpolateRow(maps, rows, y, row);
      const [start, stop] = [(y - from) * width * 3, (y - from + 1) * width * 3];
      applyRow(before.subarray(start, stop), row, columns, after.subarray(start, stop));
    }
    await sink.write(from, after);
  }
}

/** For every position of a longer axis: four positions of a shorter one and their weights (Catmull-Rom; Keys 1981, a = -½). */
class Taps {
  readonly positions: Int32Array;
  readonly weights: Float64Array;

  constructor(length: number, from: number) {
    this.positions = new Int32Array(length * 4);
    this.weights = new Float64Array(length * 4);
    for (let i = 0; i < length; i++) {
      const at = ((i + 0.5) * from) / length - 0.5;
      const first = Math.floor(at);
      for (let t = 0; t < 4; t++) {
        this.positions[i * 4 + t] = Math.min(from - 1, Math.max(0, first - 1 + t));
        this.weights[i * 4 + t] = keys(at - (first - 1 + t));
      }
    }
  }
}

function keys(distance: number): number {
  const x = Math.abs(distance);
  if (x >= 2) return 0;
  return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
}

function interpolateRow(maps: LocalAffine, { positions, weights }: Taps, y: number, row: Float64Array): void {
  row.fill(0);
  for (let t = 0; t < 4; t++) {
    const weight = weights[y * 4 + t]!;
    const from = maps.row(positions[y * 4 + t]!);
    for (let i = 0; i < row.length; i++) row[i] = row[i]! + weight * from[i]!;
  }
}

/** Of one row. */
function applyRow<S extends Samples>(rgb: S, maps: Float64Array, taps: Taps, into: S): void {
  const { positions, weights } = taps;
  const white = whiteOf(rgb);
  const unit = 255 / white;
  for (let x = 0, p = 0; p < rgb.length; x++, p += 3) {
    const r = rgb[p]! * unit;
    const g = rgb[p + 1]! * unit;
    const b = rgb[p + 2]! * unit;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let t = x * 4; t < x * 4 + 4; t++) {
      const weight = weights[t]!;
      const k = positions[t]! * mapLength;
      red += weight * (maps[k]! * r + maps[k + 1]! * g + maps[k + 2]! * b + maps[k + 3]!);
      green += weight * (maps[k + 4]! * r + maps[k + 5]! * g + maps[k + 6]! * b + maps[k + 7]!);
      blue += weight * (maps[k + 8]! * r + maps[k + 9]! * g + maps[k + 10]! * b + maps[k + 11]!);
    }
    into[p] = toSample(red, white);
    into[p + 1] = toSample(green, white);
    into[p + 2] = toSample(blue, white);
  }
}
