/**
 * A training on the command line: options of a file and of the command become an order, which a process of its own carries
 * out. Interrupting stops it after the current step with a checkpoint; a second interrupt ends everything at once.
 */
import { constants } from 'node:os';
import { CycleboxError, type Disposable } from '../../base/index.js';
import {
  explainInProcess,
  newRunOrder,
  resumeOrder,
  type TrainingFile,
  type TrainingOrder,
  type TrainingPluginPlaces,
  TrainingProcess,
} from '../../training/index.js';
import { findProject } from '../plugins/index.js';
import { exitCodes, printError } from '../terminal/index.js';
import { showTraining, type TrainingDisplay } from './show-training.js';
import { readTrainingFile } from './train-config.js';

export interface TrainPairOptions {
  /** Options given on the command line, by the names of the schema. */
  readonly given: TrainingFile;
  readonly config?: string;
  readonly resume?: boolean;
  readonly explain?: boolean;
  /** Folders of plugins, beside those of the project in this folder. */
  readonly plugins?: readonly string[];
  readonly json?: boolean;
  /** Have a worker train it: the configuration with the queue; true: `watch-config.json`. */
  readonly queue?: string | true;
  /** With `queue`: wait for its end. */
  readonly follow?: boolean;
  /** A file with trainings that differ in few options. */
  readonly sweep?: string;
}

/** Returns the exit code: 0 when trained to the end or to `stopAt`, 130 when interrupted. */
export async function trainPair(options: TrainPairOptions): Promise<number> {
  const { queue, sweep } = options;
  if (sweep !== undefined) return trainSweep({ ...options, sweep });
  if (queue !== undefined) {
    const { queueTraining } = await import('./queue-training.js');
    return queueTraining(await allOptions(options), { ...options, queue });
  }
  const order = orderOf(await allOptions(options), options.resume ?? false, await pluginPlaces(options));
  return options.explain ? explain(order, options) : run(order, options);
}

async function trainSweep(options: TrainPairOptions & { readonly sweep: string }): Promise<number> {
  const { given, config, queue, json = false, resume, explain } = options;
  if (resume || explain)
    throw new CycleboxError(
      'USAGE',
      'A sweep goes on by itself when it is called again: leave out --resume and --explain.',
    );
  const below = config === undefined ? {} : await readTrainingFile(config);
  const { Sweep } = await import('./sweep.js');
  const sweep = await Sweep.open({ sweep: options.sweep, below, given, json });
  if (queue !== undefined) {
    const { sweepOnWorkers } = await import('./queued-sweep.js');
    return sweepOnWorkers(sweep, { ...options, queue });
  }
  const { sweepHere } = await import('./local-sweep.js');
  return sweepHere(sweep, await pluginPlaces(options), json);
}

/** A file's `sizes` give way to the command line's `size`. */
async function allOptions({ given, config }: TrainPairOptions): Promise<TrainingFile> {
  const { sizes, ...file }: TrainingFile = config === undefined ? {} : await readTrainingFile(config);
  return { ...file, ...(given.size === undefined && sizes && { sizes }), ...given };
}

/** Of the project in this folder, where there is one. */
async function pluginPlaces({ plugins = [] }: TrainPairOptions): Promise<TrainingPluginPlaces> {
  const { config, options } = await findProject({ config: 'watch-config.json', plugins });
  return { ...options, ...(config && { settings: config.settings, stateFolder: config.state }) };
}

function orderOf(options: TrainingFile, resume: boolean, plugins: TrainingPluginPlaces): TrainingOrder {
  const { out, ...others } = options;
  if (out === undefined) throw new CycleboxError('USAGE', 'A training needs --out, its folder.');
  if (resume) return resumeOrder(out, others, undefined, plugins);
  if (others.pair === undefined || others.a === undefined || others.b === undefined) {
    throw new CycleboxError('USAGE', 'A new training needs --pair, --a and --b (or --resume to go on with one).');
  }
  return newRunOrder(options, undefined, plugins);
}

async function explain(order: TrainingOrder, { json = false }: TrainPairOptions): Promise<number> {
  const plan = await explainInProcess(order);
  if (json) process.stdout.write(`${JSON.stringify(plan, undefined, 2)}\n`);
  else (await import('./show-plan.js')).printPlan(plan);
  if (!plan.refusal) return exitCodes.ok;
  printError(new CycleboxError(plan.refusal.code, plan.refusal.message));
  return exitCodes.failed;
}

async function run(order: TrainingOrder, { json = false }: TrainPairOptions): Promise<number> {
  const training = new TrainingProcess(order, { onLine: ({ text }) => process.stderr.write(`${text}\n`) });
  const display = showTraining(training, json);
  const interrupts = stopOnInterrupt(training, display);
  let isStarted = false;
  training.onStarted(() => {
    isStarted = true;
  });
  try {
    const result = await training.result;
    display.ended(result);
    return result.ended === 'stopped' ? exitCodes.interrupted : exitCodes.ok;
  } catch (error) {
    // Ctrl-C goes to the process as well, which may not have been ready yet to leave it to this one.
    if (interrupts.count > 0 && !isStarted) return exitCodes.interrupted;
    throw error;
  } finally {
    display.dispose();
    interrupts.dispose();
  }
}

function stopOnInterrupt(training: TrainingProcess, display: TrainingDisplay): Disposable & { readonly count: number } {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let count = 0;
  const interrupt = (signal: NodeJS.Signals) => {
    count++;
    if (count > 1) endAtOnce(training, signal);
    else askToStop(training, display);
  };
  for (const signal of signals) process.on(signal, interrupt);
  return {
    get count() {
      return count;
    },
    dispose() {
      for (const signal of signals) process.off(signal, interrupt);
    },
  };
}

function askToStop(training: TrainingProcess, display: TrainingDisplay): void {
  display.note('Stopping after the current step, with a checkpoint. Press again to end at once.');
  training.stop().catch(() => {}); // `result` says the same.
}

function endAtOnce(training: TrainingProcess, signal: NodeJS.Signals): void {
  void training.dispose().finally(() => process.exit(128 + constants.signals[signal]));
}
