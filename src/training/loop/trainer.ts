/**
 * One training run: data in, steps, checkpoints, samples, and a plugin folder at the end. It reports what happens as
 * events and prints nothing. A run that was stopped goes on where its last checkpoint was.
 */
import { join } from 'node:path';
import { type Clock, CycleboxError, type Disposable, DisposableStore, Emitter, systemClock } from '../../base/index.js';
import type { Device, TensorData, Tensors } from '../../engine/index.js';
import type { Batch } from '../data/unpaired-sampler.js';
import { exportPlugin } from '../plugin-export.js';
import { adamInputs, adamScalars } from '../recipes/adam.js';
import { generatorNames } from '../recipes/cyclegan-step.js';
import { writeSampleSheet } from '../records/sample-sheet.js';
import { resolveTrainingSettings, type TrainingOptions, type TrainingSettings } from '../settings.js';
import { type Checkpoint, readLatestCheckpoint, writeCheckpoint } from './checkpoint.js';
import { explainMemory } from './memory-advice.js';
import { learningRateAt } from './schedule.js';
import {
  assembleParts,
  freshData,
  initialState,
  resumedData,
  type TrainingEngine,
  type TrainingParts,
} from './training-parts.js';

export type Losses = Readonly<Record<string, number>>;

export interface TrainingProgress {
  /** Steps done, of `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly losses: Losses;
  /** Of both domains together, since the run was opened. */
  readonly imagesPerSecond: number;
  readonly remainingMs: number;
}

export interface TrainerOptions extends TrainingEngine {
  /** Steps between sample sheets; default 500. */
  readonly sampleEvery?: number;
  /** Milliseconds between checkpoints, at most; default five minutes. */
  readonly checkpointEveryMs?: number;
  /** Steps between writings of the plugin folder, so that it can be tried during training; default 0: at the end only. */
  readonly exportEvery?: number;
  readonly clock?: Clock;
}

export class Trainer implements Disposable {
  readonly settings: TrainingSettings;
  readonly #store = new DisposableStore();
  readonly #progress = this.#store.add(new Emitter<TrainingProgress>());
  readonly #saved = this.#store.add(new Emitter<{ readonly step: number; readonly folder: string }>());
  readonly #parts: TrainingParts;
  readonly #options: Required<Omit<TrainerOptions, keyof TrainingEngine>>;
  #step: number;

  /** After every step. */
  readonly onProgress = this.#progress.event;
  /** After every checkpoint. */
  readonly onCheckpoint = this.#saved.event;

  private constructor(settings: TrainingSettings, parts: TrainingParts, step: number, options: TrainerOptions) {
    this.settings = settings;
    this.#parts = parts;
    this.#step = step;
    this.#options = { sampleEvery: 500, checkpointEveryMs: 300_000, exportEvery: 0, clock: systemClock, ...options };
    this.#store.add(parts.engine);
  }

  /** A fresh run. @throws USAGE, DATASET_EMPTY, FILE_NOT_FOUND */
  static async create(options: TrainingOptions, trainer: TrainerOptions = {}): Promise<Trainer> {
    const { settings, ...data } = await freshData(resolveTrainingSettings(options));
    const parts = await assembleParts(settings, data, initialState(settings), trainer);
    return new Trainer(settings, parts, 0, trainer);
  }

  /** Goes on from the latest checkpoint in `out`; `steps` may be raised. @throws CHECKPOINT_INVALID */
  static async resume(out: string, { steps }: { steps?: number } = {}, trainer: TrainerOptions = {}): Promise<Trainer> {
    const checkpoint = await readLatestCheckpoint(out);
    const { state, weights, moments } = checkpoint;
    const settings = Object.freeze({ ...state.settings, out, steps: steps ?? state.settings.steps });
    const data = await resumedData(settings, checkpoint);
    const parts = await assembleParts(settings, data, { ...weights, ...moments }, trainer);
    return new Trainer(settings, parts, state.step, trainer);
  }

  get step(): number {
    return this.#step;
  }

  /** What it trains on. */
  get device(): Device {
    return this.#parts.engine.device;
  }

  /**
   * Trains to the last step, or until the signal: then writes a checkpoint. Returns the plugin folder, or undefined
   * when stopped early. @throws TRAINING_DIVERGED, OUT_OF_MEMORY, leaving the last checkpoint as it was.
   */
  async run(signal?: AbortSignal): Promise<string | undefined> {
    const { clock, checkpointEveryMs, sampleEvery, exportEvery } = this.#options;
    const { sampler } = this.#parts;
    const [first, startMs] = [this.#step, clock.monotonicMs()];
    let savedMs = startMs;
    let samplerState = sampler.state;
    let batch = sampler.next();
    while (this.#step < this.settings.steps && !signal?.aborted) {
      const current = await batch;
      samplerState = sampler.state;
      batch = sampler.next();
      batch.catch(() => {}); // Awaited in the next round; a stop in between must not count as unhandled.
      const losses = await this.#takeStep(current).catch(error => {
        throw explainMemory(error, this.settings, this.device);
      });
      await this.#report(losses, first, startMs);
      const due = clock.monotonicMs() - savedMs >= checkpointEveryMs;
      if (this.#step % sampleEvery === 0) await this.#writeSamples();
      if (exportEvery > 0 && this.#step % exportEvery === 0) await this.exportPlugin();
      if (due) {
        await this.#save(samplerState);
        savedMs = clock.monotonicMs();
      }
    }
    await this.#save(samplerState);
    if (this.#step < this.settings.steps) return undefined;
    await this.#writeSamples();
    return this.exportPlugin();
  }

  /** Writes the generators as they are now as a plugin folder, and returns it. */
  async exportPlugin(): Promise<string> {
    const names = this.#parts.state.names.filter(name =>
      generatorNames.some(network => name.startsWith(`${network}.`)),
    );
    return exportPlugin(this.settings, this.#step, await this.#parts.state.read(names));
  }

  async dispose(): Promise<void> {
    await this.#store.dispose();
  }

  async #takeStep({ A, B }: Batch): Promise<Losses> {
    const { generatorStep, discriminatorStep, pools, poolRandom } = this.#parts;
    const adam = this.#adamInputs();
    const made = await generatorStep.run({ A, B, ...adam });
    const shown = (index: 0 | 1, fake: TensorData): TensorData => ({
      shape: fake.shape,
      data: pools[index].queryBatch(fake.data, this.settings.batch, poolRandom),
    });
    const fakeB = shown(1, made['fakeB']!);
    const fakeA = shown(0, made['fakeA']!);
    const judged = await discriminatorStep.run({ A, B, fakeA, fakeB, ...adam });
    this.#step++;
    return readLosses({ ...made, ...judged }, this.#step);
  }

  #adamInputs(): Tensors {
    const { steps, learningRate } = this.settings;
    const rate = learningRateAt(this.#step, steps, learningRate);
    const { stepSize, epsilon } = adamScalars(this.#parts.spec.adam, rate, this.#step + 1);
    const scalar = (value: number): TensorData => ({ shape: [], data: Float32Array.of(value) });
    return { [adamInputs.stepSize]: scalar(stepSize), [adamInputs.epsilon]: scalar(epsilon) };
  }

  async #report(losses: Losses, first: number, startMs: number): Promise<void> {
    const { steps, batch } = this.settings;
    const perStepMs = (this.#options.clock.monotonicMs() - startMs) / (this.#step - first);
    await this.#parts.log.add(this.#step, losses);
    this.#progress.fire({
      step: this.#step,
      steps,
      losses,
      imagesPerSecond: (2000 * batch) / perStepMs,
      remainingMs: perStepMs * (steps - this.#step),
    });
  }

  async #writeSamples(): Promise<void> {
    const name = `step-${String(this.#step).padStart(7, '0')}.png`;
    await writeSampleSheet(join(this.settings.out, 'samples', name), this.#parts.preview, this.#parts.samples);
  }

  async #save(sampler: Checkpoint['state']['sampler']): Promise<void> {
    const { state, pools, poolRandom } = this.#parts;
    const isMoment = (name: string) => name.startsWith('m/') || name.startsWith('v/');
    const stored = pools.flatMap((pool, domain) =>
      pool.images.map((data, slot) => [
        `${'AB'[domain]}/${String(slot).padStart(4, '0')}`,
        { shape: [data.length], data },
      ]),
    );
    const folder = await writeCheckpoint(this.settings.out, {
      state: { settings: this.settings, step: this.#step, sampler, poolRandom: poolRandom.state },
      weights: await state.read(state.names.filter(name => !isMoment(name))),
      moments: await state.read(state.names.filter(isMoment)),
      pools: Object.fromEntries(stored),
    });
    await this.#parts.log.flush();
    this.#saved.fire({ step: this.#step, folder });
  }
}

function readLosses(outputs: Tensors, step: number): Losses {
  const losses = Object.entries(outputs)
    .filter(([name]) => name.startsWith('loss/'))
    .map(([name, { data }]) => [name.slice('loss/'.length), data[0]!] as const);
  const bad = losses.find(([, value]) => !Number.isFinite(value));
  if (!bad) return Object.fromEntries(losses);
  const message = `Loss ${bad[0]} is ${bad[1]} at step ${step}. Lower the learning rate, then start again or resume.`;
  throw new CycleboxError('TRAINING_DIVERGED', message);
}
