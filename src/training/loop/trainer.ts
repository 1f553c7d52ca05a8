/**
 * One training run: data in, steps, checkpoints, samples, and a plugin folder at the end. It reports what happens as
 * events and prints nothing. A run that was stopped goes on where its last checkpoint was, to the bit.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type Clock,
  CycleboxError,
  type Disposable,
  DisposableStore,
  Emitter,
  Random,
  systemClock,
} from '../../base/index.js';
import type { Device, EngineChoice } from '../../engine/index.js';
import type { Batch, SamplerState } from '../data/unpaired-sampler.js';
import type { TrainingOptions } from '../options.js';
import { exportPlugin } from '../plugin-export.js';
import { writeSampleSheet } from '../records/sample-sheet.js';
import { type RunOptions, type RunSettings, resolveRunSettings } from '../run-options.js';
import { recipeOf, resolveTrainingSettings, resumedSettings, type TrainingSettings } from '../settings.js';
import { averagePrefix } from './averaging.js';
import { type CheckpointPlace, readLatestCheckpoint, writeCheckpoint } from './checkpoint.js';
import { explainMemory } from './memory-advice.js';
import { removeOldCheckpoints } from './retention.js';
import { rateFactor } from './schedule.js';
import type { Losses, Rates } from './step-runner.js';
import {
  assembleParts,
  assembleStage,
  countSteps,
  type StageParts,
  type TrainingEngine,
  type TrainingParts,
} from './training-parts.js';
import { generatorParameters, partOf, type VariablePart } from './variables.js';

export interface TrainingProgress {
  /** Steps done, of `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly losses: Losses;
  /** Of both domains together, since the run was opened. */
  readonly imagesPerSecond: number;
  readonly remainingMs: number;
}

export interface TrainerOptions extends RunOptions, TrainingEngine {
  readonly clock?: Clock;
}

/** Where a run stands when it is opened. */
interface Start {
  readonly settings: TrainingSettings;
  readonly run: RunSettings;
  readonly place: CheckpointPlace;
  readonly step: number;
  readonly sampler: SamplerState | Random;
}

export class Trainer implements Disposable {
  readonly settings: TrainingSettings;
  readonly runSettings: RunSettings;
  readonly #store = new DisposableStore();
  readonly #progress = this.#store.add(new Emitter<TrainingProgress>());
  readonly #saved = this.#store.add(new Emitter<{ readonly step: number; readonly folder: string }>());
  readonly #parts: TrainingParts;
  readonly #clock: Clock;
  readonly #place: CheckpointPlace;
  #stage: StageParts | undefined;
  #sampler: SamplerState | Random;
  #step: number;

  /** After every step. */
  readonly onProgress = this.#progress.event;
  /** After every checkpoint. */
  readonly onCheckpoint = this.#saved.event;

  private constructor(start: Start, parts: TrainingParts, clock: Clock) {
    this.settings = start.settings;
    this.runSettings = start.run;
    this.#parts = parts;
    this.#place = start.place;
    this.#step = start.step;
    this.#sampler = start.sampler;
    this.#clock = clock;
    this.#store.add(parts.store);
  }

  /** A fresh run. @throws USAGE, DATASET_EMPTY, FILE_NOT_FOUND */
  static async create(options: TrainingOptions, trainer: TrainerOptions = {}): Promise<Trainer> {
    const settings = await countSteps(resolveTrainingSettings(options));
    const { run, engine, clock } = splitOptions(trainer);
    const parts = await assembleParts(settings, undefined, engine);
    const sampler = new Random(settings.seed + 1);
    const place = placeOf(parts, engine.threads);
    return Trainer.#open({ settings, run: resolveRunSettings(run), place, step: 0, sampler }, parts, clock);
  }

  /**
   * Goes on from the latest checkpoint in `out`, as the run was called. Of `training`, `steps` may differ from what the run
   * began with; of `trainer`, everything. @throws CHECKPOINT_INVALID, USAGE
   */
  static async resume(
    out: string,
    training: Partial<TrainingOptions> = {},
    trainer: TrainerOptions = {},
  ): Promise<Trainer> {
    const checkpoint = await readLatestCheckpoint(out);
    const { state } = checkpoint;
    const settings = resumedSettings(state.settings, { ...training, out });
    const { run, engine, clock } = splitOptions(trainer);
    const { stopAt: _, ...before } = state.run ?? {};
    const place = { engine: state.place?.engine as EngineChoice | undefined, threads: state.place?.threads };
    const parts = await assembleParts(settings, checkpoint, { ...place, ...engine });
    const start: Start = {
      settings,
      run: resolveRunSettings({ ...before, ...run }),
      place: placeOf(parts, engine.threads ?? place.threads),
      step: state.step,
      sampler: state.sampler,
    };
    return Trainer.#open(start, parts, clock);
  }

  static async #open(start: Start, parts: TrainingParts, clock: Clock = systemClock): Promise<Trainer> {
    const trainer = new Trainer(start, parts, clock);
    try {
      await trainer.#enterStage();
      return trainer;
    } catch (error) {
      await trainer.dispose();
      throw explainMemory(error, start.settings, parts.engine.device);
    }
  }

  get step(): number {
    return this.#step;
  }

  /** What it trains on. */
  get device(): Device {
    return this.#parts.engine.device;
  }

  /**
   * Trains to the last step, or until the signal or `stopAt`: then writes a checkpoint. Returns the plugin folder, or
   * undefined when stopped early. @throws TRAINING_DIVERGED, OUT_OF_MEMORY, leaving the last checkpoint as it was.
   */
  async run(signal?: AbortSignal): Promise<string | undefined> {
    const last = Math.min(this.settings.steps, this.runSettings.stopAt ?? Number.POSITIVE_INFINITY);
    const pace = { first: this.#step, startMs: this.#clock.monotonicMs() };
    let savedMs = pace.startMs;
    let batches = this.#draw();
    while (this.#step < last && !signal?.aborted) {
      if (this.#step >= this.#stage!.stage.end) {
        await batches;
        await this.#enterStage();
        batches = this.#draw();
      }
      const current = await batches;
      this.#sampler = this.#stage!.sampler.state;
      batches = this.#draw();
      batches.catch(() => {}); // Awaited in the next round; a stop in between must not count as unhandled.
      const losses = await this.#take(current);
      await this.#report(losses, pace);
      await this.#writeDue();
      if (this.#clock.monotonicMs() - savedMs < this.runSettings.checkpointEvery * 60_000) continue;
      await this.#save();
      savedMs = this.#clock.monotonicMs();
    }
    await this.#save();
    if (this.#step < this.settings.steps) return undefined;
    await this.#writeSamples();
    return this.exportPlugin();
  }

  /** Writes the generators as they are now, averaged where they are, as a plugin folder, and returns it. */
  async exportPlugin(): Promise<string> {
    const prefix = this.settings.ema > 0 ? averagePrefix : '';
    const names = generatorParameters(this.settings).map(({ name }) => prefix + name);
    const values = Object.entries(await this.#parts.state.read(names));
    const weights = Object.fromEntries(values.map(([name, value]) => [name.slice(prefix.length), value]));
    return exportPlugin(this.settings, this.#step, weights);
  }

  async dispose(): Promise<void> {
    await this.#store.dispose();
  }

  /** Compiles what the coming steps need; pools of another size are emptied. */
  async #enterStage(): Promise<void> {
    if (this.#stage) {
      await this.#stage.runner.dispose();
      await this.#stage.preview.dispose();
      for (const pool of this.#parts.randomness.pools.values()) pool.clear();
    }
    this.#stage = await assembleStage(this.settings, this.#parts, this.#step, this.#sampler);
    this.#sampler = this.#stage.sampler.state;
  }

  #draw(): Promise<Batch[]> {
    const { sampler } = this.#stage!;
    return Promise.all(Array.from({ length: this.settings.accumulate }, () => sampler.next()));
  }

  async #take(batches: readonly Batch[]): Promise<Losses> {
    try {
      const losses = await this.#stage!.runner.take(
        batches.map(({ A, B }) => ({ A, B })),
        this.#step + 1,
        this.#rates(),
      );
      this.#step++;
      await this.#parts.averaging?.follow(this.#step);
      return losses;
    } catch (error) {
      throw explainMemory(error, this.settings, this.device);
    }
  }

  #rates(): Rates {
    const factor = rateFactor(this.#step, this.settings);
    const { learningRate, discriminatorRate } = this.settings;
    return { generator: factor * learningRate, discriminator: factor * discriminatorRate };
  }

  async #report(losses: Losses, { first, startMs }: { first: number; startMs: number }): Promise<void> {
    const { steps, batch, accumulate } = this.settings;
    const perStepMs = (this.#clock.monotonicMs() - startMs) / (this.#step - first);
    await this.#parts.log.add(this.#step, losses);
    this.#progress.fire({
      step: this.#step,
      steps,
      losses,
      imagesPerSecond: (2000 * batch * accumulate) / perStepMs,
      remainingMs: perStepMs * (steps - this.#step),
    });
  }

  async #writeDue(): Promise<void> {
    const { sampleEvery, exportEvery } = this.runSettings;
    if (this.#step % sampleEvery === 0) await this.#writeSamples();
    if (exportEvery > 0 && this.#step % exportEvery === 0) await this.exportPlugin();
  }

  async #writeSamples(): Promise<void> {
    const path = join(this.settings.out, 'samples', `step-${String(this.#step).padStart(7, '0')}.png`);
    const { preview, samples } = this.#stage!;
    await writeSampleSheet(path, recipeOf(this.settings).columns, preview, samples);
  }

  async #save(): Promise<void> {
    const { state, randomness, log } = this.#parts;
    const variables = (part: VariablePart) => state.read(state.names.filter(name => partOf(name) === part));
    const stored = [...randomness.pools].flatMap(([name, pool]) =>
      pool.images.map((data, slot) => [`${name}/${String(slot).padStart(4, '0')}`, { shape: [data.length], data }]),
    );
    const folder = await writeCheckpoint(this.settings.out, {
      state: {
        settings: this.settings,
        run: this.runSettings,
        place: this.#place,
        step: this.#step,
        sampler: this.#samplerState,
        poolRandom: randomness.poolRandom.state,
        drawRandom: randomness.drawRandom.state,
      },
      weights: await variables('weights'),
      moments: await variables('moments'),
      averages: await variables('averages'),
      pools: Object.fromEntries(stored),
    });
    await removeOldCheckpoints(this.settings.out, this.runSettings);
    await log.flush();
    this.#saved.fire({ step: this.#step, folder });
  }

  /** As before the batches that no step has taken yet. */
  get #samplerState(): SamplerState {
    if (this.#sampler instanceof Random) throw new CycleboxError('INTERNAL', 'A run was saved before its first stage.');
    return this.#sampler;
  }
}

function splitOptions(options: TrainerOptions) {
  const { clock, engine, threads, onPassedOver, openEngine, ...run } = options;
  const given = Object.entries({ engine, threads, onPassedOver, openEngine }).filter(
    ([, value]) => value !== undefined,
  );
  return { clock, run, engine: Object.fromEntries(given) as TrainingEngine };
}

/** With the threads that "all" stands for, so that the run goes on with as many. */
function placeOf({ engine }: TrainingParts, threads: number | undefined): CheckpointPlace {
  const { id, kind } = engine.device;
  return kind === 'cpu' ? { engine: id, threads: threads ?? availableParallelism() } : { engine: id };
}
