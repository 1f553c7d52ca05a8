/**
 * One training run: data in, steps, checkpoints, samples, and a plugin folder at the end. It reports what happens as
 * events and prints nothing. A run that was stopped goes on where its last checkpoint was, to the bit.
 */
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
import type { Device } from '../../engine/index.js';
import { sizeOf } from '../../graph/index.js';
import type { Batch, SamplerState } from '../data/unpaired-sampler.js';
import type { TrainingOptions } from '../options.js';
import { exportPlugin } from '../plugin-export.js';
import { trainedParameters } from '../recipes/index.js';
import { writeSampleSheet } from '../records/sample-sheet.js';
import type { RunSettings } from '../run-options.js';
import { recipeOf, type TrainingSettings } from '../settings.js';
import { eventsOf, type TrainingEvent } from '../training-event.js';
import { averagePrefix } from './averaging.js';
import { BetweenSteps } from './between-steps.js';
import { type CheckpointPlace, writeCheckpoint } from './checkpoint.js';
import { explainMemory } from './memory-advice.js';
import { removeOldCheckpoints } from './retention.js';
import { freshStart, placeOf, type RunStart, resumedStart, type TrainerOptions } from './run-start.js';
import { rateFactor } from './schedule.js';
import type { Losses, Rates } from './step-runner.js';
import { assembleParts, assembleStage, type StageParts, type TrainingParts } from './training-parts.js';
import { generatorParameters, networksOf, partOf, type VariablePart } from './variables.js';
import { explainWriting } from './write-failure.js';

export class Trainer implements Disposable {
  readonly settings: TrainingSettings;
  readonly runSettings: RunSettings;
  readonly #store = new DisposableStore();
  readonly #events = this.#store.add(new Emitter<TrainingEvent>());
  readonly #requests = new BetweenSteps();
  readonly #parts: TrainingParts;
  readonly #clock: Clock;
  readonly #place: CheckpointPlace;
  #stage: StageParts | undefined;
  #sampler: SamplerState | Random;
  #step: number;

  readonly onEvent = this.#events.event;
  /** After every step. */
  readonly onProgress = eventsOf(this.onEvent, 'progress');
  /** After every checkpoint. */
  readonly onCheckpoint = eventsOf(this.onEvent, 'checkpoint');

  private constructor(start: RunStart, parts: TrainingParts) {
    this.settings = start.settings;
    this.runSettings = start.run;
    this.#parts = parts;
    this.#place = placeOf(parts.engine, start.engine);
    this.#step = start.step;
    this.#sampler = start.sampler;
    this.#clock = start.clock ?? systemClock;
    this.#store.add(parts.store);
  }

  /** A fresh run. @throws USAGE, DATASET_EMPTY, FILE_NOT_FOUND, OUT_OF_MEMORY */
  static async create(options: TrainingOptions, trainer: TrainerOptions = {}): Promise<Trainer> {
    return Trainer.#open(await freshStart(options, trainer));
  }

  /**
   * Goes on from the latest checkpoint in `out`, as the run was called. Of `training`, `steps` may differ from what the run
   * began with; of `trainer`, everything. @throws CHECKPOINT_INVALID, USAGE, OUT_OF_MEMORY
   */
  static async resume(
    out: string,
    training: Partial<TrainingOptions> = {},
    trainer: TrainerOptions = {},
  ): Promise<Trainer> {
    return Trainer.#open(await resumedStart(out, training, trainer));
  }

  static async #open(start: RunStart): Promise<Trainer> {
    const parts = await assembleParts(start.settings, start.checkpoint, start.engine);
    const trainer = new Trainer(start, parts);
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
   * undefined when stopped early. @throws TRAINING_DIVERGED, OUT_OF_MEMORY, WRITE_FAILED, leaving the last checkpoint as it was.
   */
  async run(signal?: AbortSignal): Promise<string | undefined> {
    try {
      this.#events.fire(this.#started());
      return await this.#run(signal);
    } catch (error) {
      throw explainWriting(error, this.settings.out);
    } finally {
      this.#requests.close();
    }
  }

  /** At the end of the step under way. Returns the checkpoint's folder. @throws CANCELLED when the run ends before */
  requestCheckpoint(): Promise<string> {
    return this.#requests.ask(() => this.#save());
  }

  /** At the end of the step under way. Returns the sheet's file. @throws CANCELLED when the run ends before */
  requestSamples(): Promise<string> {
    return this.#requests.ask(() => this.#writeSamples());
  }

  /** `exportPlugin` at the end of the step under way. @throws CANCELLED when the run ends before */
  requestExport(): Promise<string> {
    return this.#requests.ask(() => this.exportPlugin());
  }

  async #run(signal: AbortSignal | undefined): Promise<string | undefined> {
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
      await this.#requests.serve();
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
    const folder = await exportPlugin(this.settings, this.#step, weights);
    this.#events.fire({ kind: 'export', step: this.#step, folder });
    return folder;
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
    this.#events.fire({
      kind: 'progress',
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

  #started(): TrainingEvent {
    const parameters = networksOf(this.settings).map(network => {
      const sizes = trainedParameters([network]).map(({ shape }) => sizeOf(shape));
      return [network.name, sizes.reduce((sum, size) => sum + size, 0)] as const;
    });
    const { settings, runSettings: run, device, step } = this;
    return { kind: 'started', settings, run, device, parameters: Object.fromEntries(parameters), step };
  }

  async #writeSamples(): Promise<string> {
    const file = join(this.settings.out, 'samples', `step-${String(this.#step).padStart(7, '0')}.png`);
    const { preview, samples } = this.#stage!;
    await writeSampleSheet(file, recipeOf(this.settings).columns, preview, samples);
    this.#events.fire({ kind: 'sample', step: this.#step, file });
    return file;
  }

  async #save(): Promise<string> {
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
    this.#events.fire({ kind: 'checkpoint', step: this.#step, folder });
    return folder;
  }

  /** As before the batches that no step has taken yet. */
  get #samplerState(): SamplerState {
    if (this.#sampler instanceof Random) throw new CycleboxError('INTERNAL', 'A run was saved before its first stage.');
    return this.#sampler;
  }
}
