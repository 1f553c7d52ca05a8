/**
 * How much the daemon's log says: `--verbose`, else the environment's CYCLEBOX_LOG, else `info`. What each level adds is
 * listed in docs/debugging.md. A level that nobody knows is refused: a log that is silent by a slip is found out too late.
 */
import { CycleboxError, didYouMean } from '../../base/index.js';

/** From the one that says most to the one that says nothing; pino's own names. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * @param environment such as `process.env`
 * @throws CycleboxError USAGE for a CYCLEBOX_LOG that is no level
 */
export function logLevel(
  { verbose = false }: { readonly verbose?: boolean | undefined },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LogLevel {
  if (verbose) return 'debug';
  const asked = environment['CYCLEBOX_LOG']?.trim().toLowerCase();
  if (asked === undefined || asked === '') return 'info';
  const level = logLevels.find(each => each === asked);
  if (level) return level;
  throw new CycleboxError(
    'USAGE',
    `The environment variable CYCLEBOX_LOG is "${asked}"; it must be ${logLevels.slice(0, -1).join(', ')} or ${logLevels.at(-1)}.${didYouMean(asked, logLevels)}`,
  );
}
