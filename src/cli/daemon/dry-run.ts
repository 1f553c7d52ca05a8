/** The work of `cyclebox start --dry-run`: a line a file, in the words of what would happen. Nothing is written. */
import { inspectFiles, type LikelyResult, loadConfig } from '../../daemon/index.js';
import type { PlannedAction } from '../../inbox/index.js';
import { exitCodes, printable } from '../terminal/index.js';

/** @returns the exit code that `--once` would have by what is known now: 1 when a file stands as failed or has no way to go */
export async function dryRun({ config: file }: { readonly config: string }): Promise<number> {
  const config = await loadConfig(file);
  const counts = { translate: 0, done: 0, failed: 0, cancelled: 0, refused: 0 };
  for await (const outlook of inspectFiles(config)) {
    counts[outlook.kind]++;
    process.stdout.write(`${printable(describe(outlook))}\n`);
  }
  const { translate, done, failed, cancelled, refused } = counts;
  process.stdout.write(
    `${translate} to translate, ${done} done, ${failed + refused} failed or without a route, ${cancelled} cancelled; nothing was written\n`,
  );
  return failed + refused > 0 ? exitCodes.failed : exitCodes.ok;
}

function describe(outlook: PlannedAction & LikelyResult): string {
  const { path } = outlook;
  switch (outlook.kind) {
    case 'translate':
      return `${path}  would be translated${outlook.again ? ' again' : ''}: ${outlook.translation}${likely(outlook)}`;
    case 'done':
      return `${path}  is done: ${outlook.translation}${outlook.output === undefined ? '' : ` → ${outlook.output}`}`;
    case 'cancelled':
      return `${path}  stays cancelled until it is retried or changes: ${outlook.translation}`;
    case 'failed':
      return `${path}  stays failed until it is retried or changes: ${outlook.error.toString()}`;
    case 'refused':
      return `${path}  would fail: ${outlook.error.toString()}`;
  }
}

/** Where it would come, where that is another place than its own. */
function likely({ path, likely: output }: PlannedAction & LikelyResult): string {
  return output === undefined || output === path ? '' : ` → ${output}`;
}
