/**
 * What the networks do to a few fixed images, as one PNG: a row for each, in the columns that the recipe names.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Program, TensorData } from '../../engine/index.js';
import { encodeImage, type Picture, toByte, toByteScale } from '../../image/index.js';
import type { Batch } from '../data/unpaired-sampler.js';
import type { SampleColumn } from '../recipes/index.js';

const gap = 2;

/** Runs the preview on every sample (batches of one) and writes the sheet. */
export async function writeSampleSheet(
  path: string,
  columns: readonly SampleColumn[],
  preview: Program,
  samples: readonly Batch[],
): Promise<void> {
  const rows: TensorData[][] = [];
  for (const { A, B } of samples) {
    const results: Record<string, TensorData> = { A, B, ...(await preview.run({ A, B })) };
    rows.push(columns.map(({ key }) => results[key]!));
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await encodeImage(compose(rows), { format: 'png' }));
}

function compose(rows: readonly (readonly TensorData[])[]): Picture {
  const columns = rows[0]!;
  const size = rows[0]![0]!.shape[3]!;
  const width = columns.length * (size + gap) - gap;
  const height = rows.length * (size + gap) - gap;
  const rgb = new Uint8Array(width * height * 3).fill(255);
  rows.forEach((row, r) => {
    row.forEach((tile, c) => {
      paste(rgb, width, tile.data, size, c * (size + gap), r * (size + gap));
    });
  });
  return { width, height, rgb, format: 'png' };
}

function paste(rgb: Uint8Array, width: number, planes: Float32Array, size: number, left: number, top: number): void {
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const value = planes[(channel * size + y) * size + x]!;
        rgb[((top + y) * width + left + x) * 3 + channel] = toByte(toByteScale(value));
      }
    }
  }
}
