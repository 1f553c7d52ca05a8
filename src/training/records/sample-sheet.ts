/**
 * What the networks do to a few fixed images, as one PNG: a row for each, in the columns that the recipe names. The whole
 * of a grid's files is written by sample-folder.ts.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Program } from '../../engine/index.js';
import type { Batch } from '../data/unpaired-sampler.js';
import type { SampleColumn } from './history-event.js';
import { drawSheet, type SampleRow, tilesOf } from './sample-grid.js';

/** Runs the preview on every sample (batches of one) and writes the sheet. */
export async function writeSampleSheet(
  path: string,
  columns: readonly SampleColumn[],
  preview: Program,
  samples: readonly Batch[],
): Promise<void> {
  const rows: SampleRow[] = [];
  for (const { A, B } of samples) rows.push({ A, B, ...(await preview.run({ A, B })) });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await drawSheet(columns, tilesOf({ columns, rows })));
}
