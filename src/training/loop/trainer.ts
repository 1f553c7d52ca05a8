/**
 * One training run: data in, steps, checkpoints, samples, evaluations, and a plugin folder at the end. It reports what
 * happens as events and to the run's records, and prints nothing. A run that was stopped goes on where its last checkpoint
 * was, to the bit.
 */
import {
  asCycleboxError,
  type Clock,
  type Disposable,
  DisposableStore,
  Emitter,
  systemClock,
} from '../../base/index.js';
import type { Device } from '../../engine/index.js';
import type { ModelQuality } from '../../plugin-api/index.js';
import type { Batch, DataReport } from '../data/index.js';
import type { TrainingOptions } from '../options.js';
import { exportPlugin } from '../plugin-export.js';
import type { TrainingWarning } from '../records/index.js';
import type { RunSettings } from '../run-options.js';
import type { TrainingSettings } from '../settings.js';
import { generatorParameters } from '../trained-networks.js';
import { eventsOf, type TrainingEvent } from '../training-event.js';
import { AdversarialLog } from './adversarial-log.js';
import { type BestSoFar, updateBest } from './best-so-far.js';
import { type CheckpointDevice, writeCheckpoint } from './checkpoint.js';
import { emaPrefix } from './exponential-moving-average.js';
import { learningRateFactor } from './learning-rate-factor.js';
import { explainMemory } from './memory-advice.js';
import { removeOldCheckpoints } from './retention.js';
import { type FindMetric, RunEvaluator } from './run-evaluator.js';
import { RunRecords } from './run-records.js';
import { checkpointDevice, freshStart, type RunStart, resumedStart, type TrainerOptions } from './run-start.js';
import { sameFolders } from './same-folders.js';
import { StepRequests } from './step-requests.js';
import type { Losses, Rates } from './step-runner.js';
import { takeSnapshot } from './take-snapshot.js';
import { assembleParts, assembleStage, type StageParts, type TrainingParts } from './training-parts.js';
import { explainWriting } from './write-failure.js';

export class Trainer implements Disposable {
  readonly settings: TrainingSettings;
  readonly runSettings: RunSettings;
  readonly #store = new DisposableStore();
  readonly #events = this.#store.add(new Emitter<TrainingEvent>());
  readonly #requests = new StepRequests();
  readonly #adversarial = new AdversarialLog();
  readonly #parts: TrainingParts;
  readonly #clock: Clock;
  readonly #device: CheckpointDevice;
  readonly #records: RunRecords;
  readonly #findMetric: FindMetric | undefined;
  #evaluator: RunEvaluator | undefined;
  #best: BestSoFar | undefined;
  /** Of this process's last evaluation, by the domain that a direction leads to. */
  #quality: Readonly<Record<string, ModelQuality>> = {};
  #stage: StageParts | undefined;
  #step: number;
  /** Of the last checkpoint of this process. */
  #savedStep: number | undefined;

  readonly onEvent = this.#events.event;
  /** After every step. */
  readonly onProgress = eventsOf(this.onEvent, 'progress');
  /** After every checkpoint. */
  readonly onCheckpoint = eventsOf(this.onEvent, 'checkpoint');

  private constructor(start: RunStart, parts: TrainingParts) {
    this.settings = start.settings;
    this.runSettings = start.run;
    this.#parts = parts;
    this.#device = checkpointDevice(parts.engine, start.engine);
    this.#step = start.step;
    this.#best = start.checkpoint?.state.judged;
    this.#clock = start.clock ?? systemClock;
    this.#findMetric = start.findMetric;
    this.#records = new RunRecords(start.settings, start.run, this.#clock);
    this.#store.add(parts.store);
    parts.data.onSkipped(({ file, folder, reason }) => {
      const message = `${file} in ${folder} ${reason}: it is skipped.`;
      this.#warn({ code: `skipped ${file}`, message, advice: 'Remove it, or put a whole copy in its place.' });
    });
  }

  /** A fresh run. @throws USAGE, DATASET_EMPTY, IMAGE_TOO_SMALL, FILE_NOT_FOUND, OUT_OF_MEMORY */
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
    const parts = await assembleParts({ ...start, acceptChangedData: start.run.acceptChangedData });
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

  /** What was found in the folders. */
  get dataReports(): readonly DataReport[] {
    return this.#parts.data.reports;
  }

  /**
   * Trains to the last step, or until the signal, `stopAt` or the patience's end: then writes a checkpoint. Returns the
   * plugin folder, or undefined when stopped early.
   * @throws TRAINING_DIVERGED, OUT_OF_MEMORY, WRITE_FAILED, leaving the last checkpoint as it was
   */
  async run(signal?: AbortSignal): Promise<string | undefined> {
    try {
      const parameters = this.#records.parameters;
      const { settings, runSettings: run, device, dataReports, step } = this;
      await this.#records.open(step, device, dataReports);
      this.#events.fire({ kind: 'started', settings, run, device, parameters, data: dataReports, step });
      if (step === 0) for (const warning of await sameFolders(dataReports)) this.#warn(warning);
      return await this.#run(signal);
    } catch (error) {
      await this.#records.fail(this.#step, error);
      throw explainWriting(error, this.settings.out);
    } finally {
      this.#requests.close();
    }
  }

  /** At the end of the step under way. Returns the checkpoint's folder. @throws CANCELLED when the run ends before */
  requestCheckpoint(): Promise<string> {
    return this.#requests.add(() => this.#save());
  }

  /** At the end of the step under way. Returns the sheet's file. @throws CANCELLED when the run ends before */
  requestSamples(): Promise<string> {
    return this.#requests.add(() => this.#writeSamples());
  }

  /** `exportPlugin` at the end of the step under way. @throws CANCELLED when the run ends before */
  requestExport(): Promise<string> {
    return this.#requests.add(() => this.exportPlugin());
  }

  async #run(signal: AbortSignal | undefined): Promise<string | undefined> {
    const last = Math.min(this.settings.steps, this.runSettings.stopAt ?? Number.POSITIVE_INFINITY);
    const { engine, state } = this.#parts;
    this.#evaluator = await RunEvaluator.open(this.settings, this.runSettings, engine, state, this.#findMetric);
    if (this.#evaluator) this.#store.add(this.#evaluator);
    let savedMs = this.#clock.monotonicMs();
    while (this.#step < last && !signal?.aborted && !this.#isPatienceOver) {
      if (this.#step >= this.#stage!.stage.end) await this.#enterStage();
      await this.#takeStep();
      const isBest = await this.#doWhatIsDue();
      await this.#requests.runAll();
      const isDue = this.#clock.monotonicMs() - savedMs >= this.runSettings.checkpointEvery * 60_000;
      if (!isBest && !isDue) continue;
      await this.#save();
      savedMs = this.#clock.monotonicMs();
    }
    return this.#end();
  }

  async #end(): Promise<string | undefined> {
    const isFinished = this.#step >= this.settings.steps || this.#isPatienceOver;
    if (this.#savedStep !== this.#step) await this.#save();
    if (isFinished) await this.#trySamples();
    await this.#records.end(this.#step, isFinished ? 'finished' : 'stopped');
    return isFinished ? this.exportPlugin() : undefined;
  }

  /** Writes the generators as they are now, averaged where they are, as a plugin folder, and returns it. */
  async exportPlugin(): Promise<string> {
    const prefix = this.settings.ema > 0 ? emaPrefix : '';
    const names = generatorParameters(this.settings).map(({ name }) => prefix + name);
    const values = Object.entries(await this.#parts.state.read(names));
    const weights = Object.fromEntries(values.map(([name, value]) => [name.slice(prefix.length), value]));
    const folder = await exportPlugin(this.settings, this.#step, weights, {
      storage: this.runSettings.exportWeights,
      quality: this.#quality,
    });
    this.#events.fire({ kind: 'export', step: this.#step, folder });
    return folder;
  }

  async dispose(): Promise<void> {
    await this.#records.dispose();
    await this.#store.dispose();
  }

  /** Compiles what the coming steps need; pools of another size are emptied. */
  async #enterStage(): Promise<void> {
    if (this.#stage) {
      await this.#stage.runner.dispose();
      await this.#stage.preview.dispose();
      for (const pool of this.#parts.randomness.pools.values()) pool.clear();
    }
    this.#stage = await assembleStage(this.settings, this.#parts, this.#step);
  }

  async #takeStep(): Promise<void> {
    const { data } = this.#parts;
    const startMs = this.#clock.monotonicMs();
    const batches = await Promise.all(Array.from({ length: this.settings.accumulate }, () => data.next()));
    const waitMs = this.#clock.monotonicMs() - startMs;
    const rates = this.#rates();
    const losses = await this.#update(batches, rates);
    this.#adversarial.add(losses);
    const ms = this.#clock.monotonicMs() - startMs;
    const progress = await this.#records.step(
      { step: this.#step, losses, rates: { ...rates }, ms, waitMs },
      data.epochLength,
    );
    this.#events.fire({ kind: 'progress', ...progress });
  }

  async #update(batches: readonly Batch[], rates: Rates): Promise<Losses> {
    try {
      const inputs = batches.map(({ A, B }) => ({ A, B }));
      const losses = await this.#stage!.runner.take(inputs, this.#step + 1, rates);
      this.#step++;
      await this.#parts.ema?.update(this.#step);
      return losses;
    } catch (error) {
      throw explainMemory(error, this.settings, this.device);
    }
  }

  #rates(): Rates {
    const factor = learningRateFactor(this.#step, this.settings);
    const { learningRate, discriminatorRate } = this.settings;
    return { generator: factor * learningRate, discriminator: factor * discriminatorRate };
  }

  /** Samples, evaluation, export, each at its own steps. Returns whether this is the best step so far. */
  async #doWhatIsDue(): Promise<boolean> {
    const { sampleEvery, exportEvery, evaluateEvery } = this.runSettings;
    if (this.#step % sampleEvery === 0) await this.#trySamples();
    if (exportEvery > 0 && this.#step % exportEvery === 0) await this.exportPlugin();
    if (!this.#evaluator || this.#step % evaluateEvery !== 0) return false;
    return this.#evaluate(this.#evaluator);
  }

  async #evaluate(judge: RunEvaluator): Promise<boolean> {
    const startMs = this.#clock.monotonicMs();
    const judgement = await judge.evaluate(this.#adversarial, this.#step);
    this.#quality = judgement.quality;
    this.#best = updateBest(this.#best, this.runSettings.best, this.#step, judgement.rank, judgement.better);
    this.#records.evaluation(this.#step, judgement, this.#clock.monotonicMs() - startMs);
    this.#events.fire({ kind: 'evaluation', step: this.#step, metrics: judgement.metrics });
    for (const warning of judgement.warnings) this.#events.fire({ kind: 'warning', step: this.#step, ...warning });
    return this.#best?.step === this.#step;
  }

  /** One that no evaluation has told. */
  #warn(warning: TrainingWarning): void {
    this.#records.warning(this.#step, warning);
    this.#events.fire({ kind: 'warning', step: this.#step, ...warning });
  }

  get #isPatienceOver(): boolean {
    const { patience } = this.runSettings;
    return patience > 0 && (this.#best?.worseSince ?? 0) >= patience;
  }

  /** @throws WRITE_FAILED */
  async #writeSamples(): Promise<string> {
    const { preview, samples } = this.#stage!;
    const file = await this.#records.samples(this.#step, preview, samples);
    this.#events.fire({ kind: 'sample', step: this.#step, file });
    return file;
  }

  /** A sheet is for people to look at: where one cannot be written, that is told, and the training goes on. */
  async #trySamples(): Promise<void> {
    try {
      await this.#writeSamples();
    } catch (thrown) {
      const error = asCycleboxError(thrown);
      if (error.code !== 'WRITE_FAILED') throw thrown;
      this.#warn({ code: 'samples not written', message: error.message, advice: 'The training goes on without them.' });
    }
  }

  async #save(): Promise<string> {
    const startMs = this.#clock.monotonicMs();
    await this.#records.checkpoint(this.#step, this.#best);
    const folder = await writeCheckpoint(this.settings.out, this.#snapshot());
    await removeOldCheckpoints(this.settings.out, this.runSettings, this.#best?.step);
    this.#records.spent(this.#clock.monotonicMs() - startMs);
    this.#savedStep = this.#step;
    this.#events.fire({ kind: 'checkpoint', step: this.#step, folder });
    return folder;
  }

  #snapshot() {
    const { settings, runSettings: run } = this;
    return takeSnapshot(this.#parts, { settings, run, place: this.#device, step: this.#step, judged: this.#best });
  }
}
