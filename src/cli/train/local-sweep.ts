/**
 * A sweep on this machine, one training after the other. What was trained to the end is not trained again; what was interrupted goes
 * on; what fails is named, and the others go on without it.
 */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { asCycleboxError, CycleboxError, readRegularText, writeFileAtomic } from '../../base/index.js';
import {
  hasCheckpoint,
  newRunOrder,
  type RunResult,
  resumeOrder,
  runResult,
  type SweepRun,
  type TrainingFile,
  type TrainingOrder,
  type TrainingPluginPlaces,
  TrainingProcess,
} from '../../training/index.js';
import { exitCodes, type Stopping, stopOnSignal } from '../terminal/index.js';
import { showTraining } from './show-training.js';
import { print, resultLine, type Sweep } from './sweep.js';

/** Beside a run, what it was called with. */
const calledFile = 'sweep-row.json';

/** @returns the exit code: 0 when all were trained to the end, 130 when interrupted */
export async function sweepHere(sweep: Sweep, plugins: TrainingPluginPlaces, json: boolean): Promise<number> {
  for (const run of sweep.runs) await requireSame(sweep.outOf(run), run.options);
  let training: TrainingProcess | undefined;
  const stopping = stopOnSignal(() => {
    process.stderr.write('Stopping after the current step, with a checkpoint. Press again to end at once.\n');
    training?.stop().catch(() => {});
  });
  try {
    for (const run of sweep.runs) {
      const result = await finish(run, sweep.outOf(run), plugins, json, stopping, started => {
        training = started;
      });
      await sweep.add(result);
      if (stopping.isRequested) break;
    }
  } finally {
    stopping.dispose();
  }
  const isWhole = sweep.print(json);
  if (!stopping.isRequested) return isWhole ? exitCodes.ok : exitCodes.failed;
  process.stderr.write('Go on with the same command: what is trained is not trained again.\n');
  return exitCodes.interrupted;
}

async function finish(
  run: SweepRun,
  out: string,
  plugins: TrainingPluginPlaces,
  json: boolean,
  stopping: Stopping,
  onStarted: (training: TrainingProcess) => void,
): Promise<RunResult> {
  const before = await runResult(run, out);
  const say = (text: string) => void (json || print(text));
  if (before.state === 'finished') say(`${run.name} was trained before`);
  if (before.state === 'finished') return before;
  say(`\n${run.name}`);
  await writeFileAtomic(join(out, calledFile), `${JSON.stringify(run.options, undefined, 2)}\n`);
  const training = new TrainingProcess(await orderOf(run, out, plugins));
  onStarted(training);
  const display = showTraining(training, json);
  if (stopping.isRequested) training.stop().catch(() => {});
  const error = await training.result.then(
    () => undefined,
    thrown => asCycleboxError(thrown),
  );
  display.dispose();
  const isOurs = stopping.isRequested;
  const result = await runResult(run, out, error && !isOurs ? { code: error.code, message: error.message } : undefined);
  say(resultLine(result));
  return result;
}

async function orderOf({ options }: SweepRun, out: string, plugins: TrainingPluginPlaces): Promise<TrainingOrder> {
  if (!(await hasCheckpoint(out))) return newRunOrder({ ...options, out }, undefined, plugins);
  const { a, b } = options;
  return resumeOrder(out, { ...(a !== undefined && { a }), ...(b !== undefined && { b }) }, undefined, plugins);
}

/** A run that is there with other options is another's. @throws FILE_EXISTS */
async function requireSame(out: string, options: TrainingFile): Promise<void> {
  const text = await readRegularText(join(out, calledFile)).catch(() => undefined);
  if (text === undefined || isDeepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(options)))) return;
  const message = `${out} was trained with other options than the sweep has now: remove it, or give the sweep another folder (--out).`;
  throw new CycleboxError('FILE_EXISTS', message, { subject: { file: out } });
}
