/** A small copy of a picture whose rows come one after the other: each pixel the mean of the area that it stands for. */
import { type Samples, samplesLike, whiteOf } from '../image/index.js';
import type { Pixels, RowSource } from './part-pixels.js';
import type { PictureSize } from './translate-at-scale.js';

const rowsAtATime = 64;

/** @param size no larger than the source's */
export async function shrunk(source: RowSource, { width, height }: PictureSize): Promise<Pixels> {
  if (width === source.width && height === source.height)
    return { width, height, rgb: (await source.rows(0, height)).slice() };
  const sums = new Float64Array(width * height * 3);
  const like = await source.rows(0, 1);
  const columns = shares(source.width, width);
  const rows = shares(source.height, height);
  for (let from = 0; from < source.height; from += rowsAtATime) {
    const to = Math.min(source.height, from + rowsAtATime);
    const samples = await source.rows(from, to);
    for (let y = from; y < to; y++)
      for (const [row, share] of rows[y]!)
        addRow(samples.subarray((y - from) * source.width * 3), columns, share, sums.subarray(row * width * 3));
  }
  const area = (source.width / width) * (source.height / height);
  const rgb = samplesLike(like, sums.length);
  for (let i = 0; i < sums.length; i++) rgb[i] = Math.min(whiteOf(like), Math.round(sums[i]! / area));
  return { width, height, rgb };
}

type Share = readonly [cell: number, share: number];

/** For each position of a longer axis, the cells of a shorter one that it lies in, and how much of it lies there. */
function shares(length: number, cells: number): readonly (readonly Share[])[] {
  const step = cells / length;
  return Array.from({ length }, (_, i) => {
    const [from, to] = [i * step, (i + 1) * step];
    const cell = Math.min(cells - 1, Math.floor(from));
    const edge = cell + 1;
    if (to <= edge || edge >= cells) return [[cell, 1] as const];
    const first = (edge - from) / step;
    return [[cell, first] as const, [edge, 1 - first] as const];
  });
}

function addRow(row: Samples, columns: readonly (readonly Share[])[], share: number, sums: Float64Array): void {
  for (const [x, cells] of columns.entries())
    for (const [cell, part] of cells)
      for (let c = 0; c < 3; c++) sums[cell * 3 + c] = sums[cell * 3 + c]! + share * part * row[x * 3 + c]!;
}
