/** What a sweep leaves in its folder: `results.json`, `results.csv` and `results.md`, written anew after each of its trainings. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/index.js';
import { type SweepResults, sweepCsv, sweepNotes, sweepTable } from '../../training/index.js';

/** @throws the system's error */
export async function writeSweepResults(folder: string, results: SweepResults): Promise<void> {
  await writeFileAtomic(join(folder, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFileAtomic(join(folder, 'results.csv'), sweepCsv(results));
  await writeFileAtomic(join(folder, 'results.md'), `${sweepText(results)}\n`);
}

export function sweepText(results: SweepResults): string {
  return [sweepTable(results), '', ...sweepNotes(results)].join('\n');
}
