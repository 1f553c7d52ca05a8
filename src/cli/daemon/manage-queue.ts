/**
 * The work of `cyclebox queue …`: asks the running daemon, or the journal where none runs, and says what was changed.
 * A job that could not be is named on stderr and makes the exit code 1.
 */
import { CycleboxError, type JobState, recordedStates } from '../../base/index.js';
import { type DaemonService, findService } from '../../daemon/index.js';
import type { QueueChange, QueueEntry } from '../../inbox/index.js';
import { exitCodes, printable, printError } from '../terminal/index.js';

export interface QueueOptions {
  readonly config: string;
  readonly json?: boolean;
}
export interface ListOptions extends QueueOptions {
  readonly state?: readonly JobState[];
  readonly all?: boolean;
  readonly limit: number;
}
export interface RetryOptions extends QueueOptions {
  readonly failed?: boolean;
  readonly stale?: boolean;
}
export interface CancelOptions extends QueueOptions {
  readonly waiting?: boolean;
}
export interface PauseOptions extends QueueOptions {
  readonly reason?: string;
}
export interface PurgeOptions extends QueueOptions {
  readonly state?: readonly JobState[];
  readonly olderThan?: number;
}

/** @returns the exit code */
export async function listJobs({ state, all, limit, ...options }: ListOptions): Promise<number> {
  const states = state ?? (all ? recordedStates : undefined);
  const entries = await withService(options, service => service.list({ limit, ...(states && { states }) }));
  if (options.json) printJson({ jobs: entries });
  else if (entries.length === 0) print('no jobs');
  else for (const entry of entries) print(line(entry));
  if (entries.length === limit && !options.json) print(`(the first ${limit}; --limit shows more)`);
  return exitCodes.ok;
}

/** @returns the exit code */
export async function retryJobs(ids: readonly string[], { failed, stale, ...options }: RetryOptions): Promise<number> {
  requireOne('retry', ids, { '--failed': failed, '--stale': stale });
  const which = failed ? { failed: true as const } : stale ? { stale: true as const } : { ids };
  const change = await withService(options, service => service.retry(which));
  return report(change, options, count => `${jobs(count)} will be done again`);
}

/** @returns the exit code */
export async function cancelJobs(ids: readonly string[], { waiting, ...options }: CancelOptions): Promise<number> {
  requireOne('cancel', ids, { '--waiting': waiting });
  const change = await withService(options, service => service.cancel(waiting ? { waiting: true } : { ids }));
  return report(change, options, count => `${jobs(count)} cancelled`);
}

/** @returns the exit code */
export async function purgeJobs({ state: states, olderThan: olderThanMs, ...options }: PurgeOptions): Promise<number> {
  const which = { ...(states && { states }), ...(olderThanMs !== undefined && { olderThanMs }) };
  const change = await withService(options, service => service.purge(which));
  return report(change, options, count => `${jobs(count)} forgotten`);
}

/** @returns the exit code */
export async function pauseQueue({ reason, ...options }: PauseOptions): Promise<number> {
  await withService(options, service => service.pause(reason));
  return formatResult(
    options,
    { paused: true },
    'paused: running jobs finish, no more are started until "cyclebox queue resume"',
  );
}

/** @returns the exit code */
export async function resumeQueue(options: QueueOptions): Promise<number> {
  await withService(options, service => service.resume());
  return formatResult(options, { paused: false }, 'resumed');
}

async function withService<T>({ config }: QueueOptions, work: (service: DaemonService) => Promise<T>): Promise<T> {
  const { service, configFault } = await findService(config);
  if (configFault) printError(configFault);
  try {
    return await work(service);
  } finally {
    await service.dispose();
  }
}

function requireOne(
  command: string,
  ids: readonly string[],
  flags: Readonly<Record<string, boolean | undefined>>,
): void {
  const given = Object.values(flags).filter(Boolean).length + (ids.length > 0 ? 1 : 0);
  if (given === 1) return;
  const message = `"queue ${command}" takes either jobs or one of ${Object.keys(flags).join(', ')}. "cyclebox queue list" shows the jobs.`;
  throw new CycleboxError('USAGE', message);
}

function report(change: QueueChange, { json }: QueueOptions, words: (count: number) => string): number {
  if (json) printJson(change);
  else print(words(change.changed));
  for (const { id, why } of change.refused) process.stderr.write(`${id}: ${why}\n`);
  return change.refused.length > 0 ? exitCodes.failed : exitCodes.ok;
}

function formatResult({ json }: QueueOptions, document: object, words: string): number {
  if (json) printJson(document);
  else print(words);
  return exitCodes.ok;
}

function line({ id, state, path, translation, attempts, error, output }: QueueEntry): string {
  const tail = error ? `  ${error.code}: ${error.message}` : output === undefined ? '' : `  → ${output}`;
  const tried = attempts > 1 ? ` (attempt ${attempts})` : '';
  return printable(`${id}  ${state.padEnd(11)}  ${path}  ${translation || '-'}${tried}${tail}`);
}

const jobs = (count: number) => `${count} ${count === 1 ? 'job' : 'jobs'}`;
const print = (text: string) => void process.stdout.write(`${text}\n`);
const printJson = (document: object) => print(JSON.stringify(document, null, 2));
