/**
 * `OUT/report.html`: one file that shows a run, made of `history.jsonl` and the sample grids alone. So it can be made
 * for any run's folder, at any time, while the run goes on too.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/index.js';
import { readHistory } from './read-history.js';
import { chartGroups } from './report-charts.js';
import { reportPage } from './report-page.js';
import { reportSamples } from './report-samples.js';
import { orWriteFailed } from './write-failed.js';

/**
 * Writes the report of the run in the folder `out` and returns its path.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE for a folder without a history, WRITE_FAILED
 */
export async function writeReport(out: string): Promise<string> {
  const history = await readHistory(out);
  const samples = await reportSamples(out, history.samples);
  const path = join(out, 'report.html');
  const page = await reportPage({ history, groups: chartGroups(history), samples });
  await orWriteFailed(path, () => writeFileAtomic(path, page));
  return path;
}
