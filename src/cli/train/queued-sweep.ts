/**
 * A sweep on workers: every training is queued at once, and those that have ended come into the table. What was queued before is not
 * queued again; what failed, is. Ctrl-C ends the looking; the same command looks again.
 */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CycleboxError } from '../../base/index.js';
import { loadConfig, openTrainingQueue, trainingPlaces } from '../../daemon/index.js';
import {
  isEnded,
  type QueuedRun,
  type RunOrder,
  type TrainingQueue,
  type TrainingRoots,
} from '../../dispatch/index.js';
import { runResult, type SweepRun } from '../../training/index.js';
import { exitCodes } from '../terminal/index.js';
import { standingWords } from './follow-training.js';
import { configFileOf, type QueueTrainingOptions, queuedOrder } from './queue-training.js';
import { print, resultLine, type Sweep } from './sweep.js';

/** @returns the exit code: 0 when all were trained to the end, 130 when the looking was ended before */
export async function sweepOnWorkers(sweep: Sweep, how: QueueTrainingOptions): Promise<number> {
  const { json = false, follow = true } = how;
  const config = await loadConfig(configFileOf(how));
  const { trainings } = trainingPlaces(config);
  const orders = await ordersOf(sweep, trainings);
  const queue = await openTrainingQueue(config);
  try {
    for (const [name, order] of orders) await enqueue(queue, name, order);
    print(json ? JSON.stringify({ kind: 'queued', runs: [...orders.keys()] }) : `Queued ${orders.size} trainings`);
    return follow ? await followSweep(sweep, queue, trainings, json) : exitCodes.ok;
  } finally {
    await queue.dispose();
  }
}

async function ordersOf(sweep: Sweep, roots: TrainingRoots): Promise<ReadonlyMap<string, RunOrder>> {
  const orders = new Map<string, RunOrder>();
  for (const run of sweep.runs) orders.set(queuedName(sweep, run), await queuedOrder(run.options, roots));
  return orders;
}

/** @throws FILE_EXISTS for a run of this name with other options */
async function enqueue(queue: TrainingQueue, name: string, order: RunOrder): Promise<void> {
  const known = await queue.find(name);
  if (!known) return queue.submit(order, name);
  const { host: _h, atMs: _a, ...now } = order;
  const { host: _host, atMs: _at, ...then } = (await queue.orderOf(name))!;
  if (!isDeepStrictEqual(then, JSON.parse(JSON.stringify(now)))) {
    const message = `The run ${name} was queued with other options than the sweep has now: give the sweep another "name".`;
    throw new CycleboxError('FILE_EXISTS', message);
  }
  if (known.standing === 'set-aside' || known.standing === 'cancelled') await queue.retry(name);
}

async function followSweep(sweep: Sweep, queue: TrainingQueue, roots: TrainingRoots, json: boolean): Promise<number> {
  const runs = new Map(sweep.runs.map(run => [queuedName(sweep, run), run]));
  const offers = await queue.offers();
  const leaving = new AbortController();
  const leave = () => void (leaving.signal.aborted ? process.exit(exitCodes.interrupted) : leaving.abort());
  process.on('SIGINT', leave).on('SIGTERM', leave);
  let adding: Promise<void> = Promise.resolve();
  const stands = (now: QueuedRun) => {
    if (json) print(JSON.stringify({ kind: 'stands', ...now }));
    else if (!isEnded(now)) print(`${now.run} ${standingWords(now, offers)}`);
    adding = adding.then(() => addResult(sweep, runs.get(now.run)!, now, roots, json));
  };
  try {
    const standing = await queue.follow([...runs.keys()], { stands }, leaving.signal);
    await adding;
    const isWhole = sweep.print(json);
    if (standing.every(isEnded)) return isWhole ? exitCodes.ok : exitCodes.failed;
    process.stderr.write('The others go on without you. Look again with the same command.\n');
    return exitCodes.interrupted;
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
  }
}

async function addResult(
  sweep: Sweep,
  run: SweepRun,
  { run: name, standing, error }: QueuedRun,
  { runs }: TrainingRoots,
  json: boolean,
): Promise<void> {
  const why = standing === 'cancelled' ? { code: 'CANCELLED', message: 'It was cancelled.' } : error;
  const result = await runResult(run, join(runs, name), standing === 'finished' ? undefined : why);
  const isOver = isEnded({ standing });
  await sweep.add(isOver ? result : { ...result, state: 'unfinished', error: undefined });
  if (isOver && !json) print(resultLine(result));
}

/** Other sweeps have runs in the same folder. */
const queuedName = (sweep: Sweep, { name }: SweepRun): string => `${sweep.name}-${name}`.slice(0, 80);
