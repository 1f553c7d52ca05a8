/** Two domains from one folder: a training that can learn nothing but to leave images as they are. */
import { realpath } from 'node:fs/promises';
import type { DataReport } from '../data/index.js';
import type { TrainingWarning } from '../records/index.js';

/** A warning where both folders are one, also by way of a link. */
export async function sameFolders(reports: readonly DataReport[]): Promise<readonly TrainingWarning[]> {
  const folders = await Promise.all(reports.map(({ folder }) => realpath(folder).catch(() => folder)));
  if (folders.length < 2 || new Set(folders).size > 1) return [];
  const message = `Both domains are trained on the images of one folder (${folders[0]}): there is nothing to learn between them.`;
  return [{ code: 'same folder', message, advice: 'Give a folder of other images for --a or --b.' }];
}
