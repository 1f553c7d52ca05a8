/**
 * Trains a pair for a given time instead of a given number of steps, over as many starts as it takes: time is counted
 * from the first step on, checkpoints included, and what came after the last checkpoint of a process that was killed is
 * not counted, since it is done again. A training whose own number of steps is reached before ends there.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCheckpoint, Trainer } from '../../dist/training/index.js';
import { latestCheckpoint } from '../../dist/training/loop/checkpoint.js';
import { readHistory } from '../../dist/training/records/index.js';
import { clocks } from './clocks.mjs';

/** More than any study takes. */
const endless = 1_000_000_000;
/** Between two lines that say how far a run is. */
const tellEveryMs = 60_000;

/**
 * @param {import('../../dist/training/index.js').TrainingOptions} training
 * @param {{ seconds: number, at: readonly number[], engine: string, threads?: number, signal: AbortSignal,
 *   clock?: keyof typeof clocks }} limits `seconds` by the clock;
 *   `at`: steps after which a checkpoint is kept
 * @returns {Promise<{ isComplete: boolean, steps: number, seconds: number, failure?: string }>}
 */
export async function trainFor(training, { seconds, at, signal, engine, threads, clock = 'wall' }) {
  const earlier = await standing(training.out);
  if (earlier.seconds >= seconds || earlier.steps === training.steps) return { isComplete: true, ...earlier };
  const trainer = await openTrainer(training, { engine, ...(threads && { threads }) });
  try {
    const watch = watchTime(trainer, { seconds: seconds - earlier.seconds, at, now: clocks[clock] });
    const spent = [];
    trainer.onCheckpoint(({ step }) => {
      spent.push(writeStanding(training.out, { steps: step, seconds: earlier.seconds + watch.seconds() }));
    });
    const failure = await runUntil(trainer, AbortSignal.any([signal, watch.signal]));
    await Promise.all(spent);
    const isComplete = watch.isOver() || trainer.step === training.steps || failure !== undefined;
    return { isComplete, steps: trainer.step, seconds: earlier.seconds + watch.seconds(), ...(failure && { failure }) };
  } finally {
    await trainer.dispose();
  }
}

/** Checkpoints all stay: at some of them the run is judged. */
async function openTrainer(training, place) {
  const run = { ...place, keep: 10_000, sampleEvery: 2000, evaluateEvery: 0 };
  if (await hasCheckpoint(training.out)) return Trainer.resume(training.out, {}, run);
  return Trainer.create({ steps: endless, ...training }, run);
}

/** A training that cannot go on is a result, too. @returns {Promise<string | undefined>} why it failed */
async function runUntil(trainer, signal) {
  try {
    await trainer.run(signal);
  } catch (error) {
    if (error.code !== 'TRAINING_DIVERGED') throw error;
    return error.message;
  }
}

/** Asks for checkpoints at their steps, and ends the training when the time is over. */
function watchTime(trainer, { seconds, at, now }) {
  const end = new AbortController();
  let startMs = now();
  let lastMs = startMs;
  let toldMs = Number.NEGATIVE_INFINITY;
  trainer.onEvent(({ kind }) => {
    if (kind === 'started') startMs = now();
  });
  trainer.onProgress(({ step }) => {
    lastMs = now();
    if (at.includes(step)) trainer.requestCheckpoint().catch(() => {}); // The run has ended: with a checkpoint.
    if (lastMs - startMs >= 1000 * seconds) end.abort();
    if (lastMs - toldMs < tellEveryMs) return;
    toldMs = lastMs;
    console.log(`  step ${step}, ${Math.round(seconds - (lastMs - startMs) / 1000)} s left`);
  });
  return { signal: end.signal, isOver: () => end.signal.aborted, seconds: () => Math.max(0, lastMs - startMs) / 1000 };
}

/**
 * Steps of the run's last checkpoint, and the time that they had taken: by the study's clock where it was written down, else
 * by the run's records. @param {string} out
 */
async function standing(out) {
  const folder = await latestCheckpoint(out);
  if (folder === undefined) return { steps: 0, seconds: 0 };
  const steps = Number(basename(folder).slice('step-'.length));
  const text = await readFile(join(out, standingFile), 'utf8').catch(() => undefined);
  const told = text && JSON.parse(text);
  if (told?.steps === steps) return told;
  const { checkpoints } = await readHistory(out);
  const elapsedMs = checkpoints.findLast(({ step }) => step === steps)?.elapsedMs ?? 0;
  return { steps, seconds: elapsedMs / 1000 };
}

/** Beside the checkpoints; of the latest. */
const standingFile = 'time.json';

function writeStanding(out, standing) {
  return writeFile(join(out, standingFile), `${JSON.stringify(standing)}\n`);
}
