/**
 * Rows that are made from others once and kept only while a window moves down over them: what is large as a whole image
 * stays a few rows in memory. Rows are asked for in rising windows; asking for one that was dropped makes it again.
 */
export class RowWindow {
  readonly #make: (y: number) => Float64Array;
  readonly #rows = new Map<number, Float64Array>();

  constructor(make: (y: number) => Float64Array) {
    this.#make = make;
  }

  row(y: number): Float64Array {
    const known = this.#rows.get(y);
    if (known) return known;
    const made = this.#make(y);
    this.#rows.set(y, made);
    return made;
  }

  /** Forgets all rows above `y`. */
  dropAbove(y: number): void {
    for (const row of this.#rows.keys()) if (row < y) this.#rows.delete(row);
  }
}

/** Sums over rows `from` to `to`, both counted. */
export function sumOfRows(rows: RowWindow, from: number, to: number, sum: Float64Array): void {
  sum.fill(0);
  for (let y = from; y <= to; y++) {
    const row = rows.row(y);
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + row[i]!;
  }
}

/** Sums of `channels` interleaved values over the columns x - radius to x + radius, cut off at the row's ends. */
export function boxSumsOfRow(row: Float64Array, channels: number, radius: number): Float64Array {
  const width = row.length / channels;
  const sums = new Float64Array(row.length);
  for (let x = 0; x < width; x++) {
    const to = Math.min(width - 1, x + radius);
    for (let from = Math.max(0, x - radius); from <= to; from++)
      for (let c = 0; c < channels; c++) sums[x * channels + c] = sums[x * channels + c]! + row[from * channels + c]!;
  }
  return sums;
}

/** How many of the positions x - radius to x + radius lie in [0, length). */
export function countInBox(x: number, radius: number, length: number): number {
  return Math.min(length - 1, x + radius) - Math.max(0, x - radius) + 1;
}
