/** The work of `cyclebox train --queue`: hands a training to whichever worker has what it needs, and follows it. */
import { hostname } from 'node:os';
import { CycleboxError } from '../../base/index.js';
import { loadConfig, openTrainingQueue, trainingPlaces } from '../../daemon/index.js';
import { orderOf, type RunOrder, type TrainingQueue, type TrainingRoots } from '../../dispatch/index.js';
import { checkTraining, type TrainingFile } from '../../training/index.js';
import { exitCodes } from '../terminal/index.js';
import { followTraining } from './follow-training.js';
import { nameOf, sharedFolders } from './queued-folders.js';

export interface QueueTrainingOptions {
  /** The configuration with the queue; true: `watch-config.json`. */
  readonly queue: string | true;
  readonly follow?: boolean;
  readonly resume?: boolean;
  readonly explain?: boolean;
  readonly json?: boolean;
}

/** @param options of the file and the command line @returns the exit code */
export async function queueTraining(options: TrainingFile, how: QueueTrainingOptions): Promise<number> {
  const { json = false, follow = true, resume = false } = how;
  if (how.explain) throw new CycleboxError('USAGE', 'A plan is of one machine: leave out --queue, or --explain.');
  const config = await loadConfig(configFileOf(how));
  const { trainings } = trainingPlaces(config);
  const order = resume ? undefined : await queuedOrder(options, trainings);
  const queue = await openTrainingQueue(config);
  try {
    const run = await (order ? submitted(queue, order, options, trainings) : retried(queue, options, trainings));
    if (json) process.stdout.write(`${JSON.stringify({ kind: 'queued', run })}\n`);
    else process.stdout.write(`Queued as ${run}\n`);
    return follow ? await followTraining(queue, run, { json, runs: trainings.runs }) : exitCodes.ok;
  } finally {
    await queue.dispose();
  }
}

export function configFileOf({ queue }: Pick<QueueTrainingOptions, 'queue'>): string {
  return queue === true ? 'watch-config.json' : queue;
}

/** @throws USAGE, FILE_NOT_FOUND */
export async function queuedOrder(options: TrainingFile, roots: TrainingRoots): Promise<RunOrder> {
  const { pair } = options;
  if (pair === undefined || options.a === undefined || options.b === undefined)
    throw new CycleboxError('USAGE', 'A queued training needs --pair, --a and --b.');
  const shared = await sharedFolders(options, roots);
  checkTraining({ ...shared, out: roots.runs });
  return orderOf({ ...shared, pair }, roots, { host: hostname(), atMs: Date.now() });
}

async function submitted(
  queue: TrainingQueue,
  order: RunOrder,
  { out }: TrainingFile,
  roots: TrainingRoots,
): Promise<string> {
  const name = out === undefined ? await queue.freeName(order.pair) : nameOf(out, roots);
  await queue.submit(order, name);
  return name;
}

async function retried(queue: TrainingQueue, { out }: TrainingFile, roots: TrainingRoots): Promise<string> {
  if (out === undefined) throw new CycleboxError('USAGE', 'Give the run that is to go on with --out.');
  const name = nameOf(out, roots);
  await queue.retry(name);
  return name;
}
