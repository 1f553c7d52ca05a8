/** The work of `cyclebox queue trainings …`: how queued trainings stand, following one, taking one out, trying one again. */
import { CycleboxError } from '../../base/index.js';
import { loadConfig, openTrainingQueue, trainingPlaces } from '../../daemon/index.js';
import { isEnded, type QueuedRun, type TrainingQueue } from '../../dispatch/index.js';
import { exitCodes, printable } from '../terminal/index.js';
import { followTraining, standingWords } from './follow-training.js';

export interface TrainingsOptions {
  readonly config: string;
  readonly json?: boolean;
  /** Ended ones, too. */
  readonly all?: boolean;
}

/** @returns the exit code */
export async function listTrainings({ json, all, ...options }: TrainingsOptions): Promise<number> {
  return withQueue(options, async queue => {
    const runs = (await queue.list()).filter(run => all || !isEnded(run) || run.standing === 'set-aside');
    if (json) print(JSON.stringify({ trainings: runs }, undefined, 2));
    else if (runs.length === 0)
      print(all ? 'no trainings' : 'no trainings wait or run (--all shows those that have ended)');
    else {
      const offers = await queue.offers();
      for (const run of runs) print(line(run, offers));
    }
    return exitCodes.ok;
  });
}

/** @returns the exit code: 0 when it was trained to the end */
export async function followRun(run: string, { json = false, ...options }: TrainingsOptions): Promise<number> {
  return withQueue(options, (queue, runs) => followTraining(queue, run, { json, runs }));
}

/** @returns the exit code */
export async function cancelTrainings(runs: readonly string[], options: TrainingsOptions): Promise<number> {
  return forEach(runs, options, async (queue, run) => {
    await queue.cancel(run);
    return `${run} is cancelled; its last checkpoint is kept`;
  });
}

/** @returns the exit code */
export async function retryTrainings(runs: readonly string[], options: TrainingsOptions): Promise<number> {
  return forEach(runs, options, async (queue, run) => {
    await queue.retry(run);
    return `${run} waits for its turn again`;
  });
}

async function forEach(
  runs: readonly string[],
  options: TrainingsOptions,
  work: (queue: TrainingQueue, run: string) => Promise<string>,
): Promise<number> {
  return withQueue(options, async queue => {
    const changed: string[] = [];
    const refused: { readonly run: string; readonly why: string }[] = [];
    for (const run of runs) {
      try {
        const words = await work(queue, run);
        changed.push(run);
        if (!options.json) print(words);
      } catch (error) {
        if (!(error instanceof CycleboxError)) throw error;
        refused.push({ run, why: error.message });
        process.stderr.write(`${error.toString()}\n`);
      }
    }
    if (options.json) print(JSON.stringify({ changed, refused }, undefined, 2));
    return refused.length > 0 ? exitCodes.failed : exitCodes.ok;
  });
}

async function withQueue(
  { config: file }: TrainingsOptions,
  work: (queue: TrainingQueue, runs: string) => Promise<number>,
): Promise<number> {
  const config = await loadConfig(file);
  const { trainings } = trainingPlaces(config);
  const queue = await openTrainingQueue(config);
  try {
    return await work(queue, trainings.runs);
  } finally {
    await queue.dispose();
  }
}

function line(run: QueuedRun, offers: ReadonlySet<string>): string {
  const losses = Object.entries(run.status?.losses ?? {})
    .map(([name, value]) => `${name} ${value?.toFixed(3) ?? 'NaN'}`)
    .join('  ');
  return printable(`${run.run}  ${run.pair}  ${standingWords(run, offers)}${losses && `  ${losses}`}`);
}

const print = (text: string) => void process.stdout.write(`${text}\n`);
