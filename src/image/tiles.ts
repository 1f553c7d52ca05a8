/**
 * Cuts a picture into overlapping tiles of one size and says how much each counts at every pixel when they are laid
 * over each other again. Pure arithmetic; it touches no pixels. At every pixel the weights of all tiles sum to 1.
 *
 * Per axis, neighbours i and i+1 cross over in a smooth ramp of `blend` pixels around the middle of their overlap:
 * tile i weighs S(i-1) - S(i), where S(i) rises from 0 to 1 over the ramp i, S(-1) = 1 and S(last) = 0. The sum
 * telescopes to 1. What lies outside the ramps, at a tile's rim, where the network saw the least context, counts 0.
 */

export interface TileOptions {
  /** Width and height of every tile, in pixels; a picture smaller than this gets one tile of its own size. */
  readonly size: number;
  /** Pixels that neighbours share at least; less than `size`. */
  readonly overlap: number;
  /** Width of the cross-over in pixels, at most `overlap`; default half of it. */
  readonly blend?: number;
}

/** One axis: tiles of `length` pixels, starting at `starts`; `weights[i][p]` counts pixel p of tile i. */
export interface TileAxis {
  readonly length: number;
  readonly starts: readonly number[];
  readonly weights: readonly Float32Array[];
  /** Width of the cross-over. */
  readonly blend: number;
}

/** The tiles are all pairs of a column and a row; a tile's weight is the product of its two axes' weights. */
export interface TilePlan {
  readonly columns: TileAxis;
  readonly rows: TileAxis;
  readonly count: number;
}

export function planTiles(width: number, height: number, options: TileOptions): TilePlan {
  const columns = planAxis(width, options);
  const rows = planAxis(height, options);
  return { columns, rows, count: columns.starts.length * rows.starts.length };
}

/** The same tiles of the same picture, so many times larger: where a network's results lie that enlarges. */
export function enlargeTiles({ columns, rows, count }: TilePlan, factor: number): TilePlan {
  return { columns: enlargeAxis(columns, factor), rows: enlargeAxis(rows, factor), count };
}

function enlargeAxis(axis: TileAxis, factor: number): TileAxis {
  if (factor === 1) return axis;
  const [length, blend] = [axis.length * factor, axis.blend * factor];
  const starts = axis.starts.map(start => start * factor);
  return { length, starts, blend, weights: starts.map((_, i) => weightsOf(i, starts, length, blend)) };
}

function planAxis(total: number, { size, overlap, blend = Math.floor(overlap / 2) }: TileOptions): TileAxis {
  if (!(size > 0 && overlap >= 0 && overlap < size && blend >= 0 && blend <= overlap))
    throw new RangeError(`no tiles of ${size} pixels with an overlap of ${overlap} and a blend of ${blend}`);
  const length = Math.min(total, size);
  const count = total <= size ? 1 : Math.ceil((total - overlap) / (size - overlap));
  const starts = Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (total - length)) / (count - 1)),
  );
  return { length, starts, blend, weights: starts.map((_, i) => weightsOf(i, starts, length, blend)) };
}

function weightsOf(index: number, starts: readonly number[], length: number, blend: number): Float32Array {
  const start = starts[index]!;
  return Float32Array.from({ length }, (_, p) => {
    const position = start + p + 0.5;
    return risen(index - 1, starts, length, blend, position) - risen(index, starts, length, blend, position);
  });
}

/** S(i) at `position`: how far the cross-over from tile i to tile i+1 has come, in [0, 1]. */
function risen(index: number, starts: readonly number[], length: number, blend: number, position: number): number {
  if (index < 0) return 1;
  if (index === starts.length - 1) return 0;
  const middle = (starts[index + 1]! + starts[index]! + length) / 2;
  if (blend === 0) return position > middle ? 1 : 0;
  return smoothStep((position - middle) / blend + 0.5);
}

function smoothStep(x: number): number {
  const t = Math.min(1, Math.max(0, x));
  return t * t * (3 - 2 * t);
}
