/**
 * One training run: data in, steps, checkpoints, samples, and a plugin folder at the end. It reports what happens as
 * events and prints nothing. A run that was stopped goes on where its last checkpoint was.
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
} from '../base/index.js';
import { type Engine, openEngine, type Program, type State, type TensorData, type Tensors } from '../engine/index.js';
import { initialise } from '../nets/index.js';
import { adamInputs, adamScalars, momentNames } from './adam.js';
import { type Checkpoint, readLatestCheckpoint, writeCheckpoint } from './checkpoint.js';
import {
  type CycleGanSpec,
  discriminatorNames,
  discriminatorStep,
  generatorNames,
  generatorStep,
  specOf,
  trainedParameters,
  weightName,
} from './cyclegan-step.js';
import { ImageFolder } from './image-folder.js';
import { ImagePool } from './image-pool.js';
import { LossLog } from './loss-log.js';
import { exportPlugin } from './plugin-export.js';
import { compilePreview, writeSampleSheet } from './sample-sheet.js';
import { learningRateAt } from './schedule.js';
import { cycleGanSpec, resolveTrainingSettings, type TrainingOptions, type TrainingSettings } from './settings.js';
import { type Batch, UnpairedSampler } from './unpaired-sampler.js';

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

export interface TrainerOptions {
  readonly threads?: number;
  /** Steps between sample sheets; default 500. */
  readonly sampleEvery?: number;
  /** Milliseconds between checkpoints, at most; default five minutes. */
  readonly checkpointEveryMs?: number;
  /** Steps between writings of the plugin folder, so that it can be tried during training; default 0: at the end only. */
  readonly exportEvery?: number;
  readonly clock?: Clock;
}

const passesByDefault = 200;
const sampleCount = 4;

export class Trainer implements Disposable {
  readonly settings: TrainingSettings;
  readonly #store = new DisposableStore();
  readonly #progress = this.#store.add(new Emitter<TrainingProgress>());
  readonly #saved = this.#store.add(new Emitter<{ readonly step: number; readonly folder: string }>());
  readonly #parts: Parts;
  readonly #options: Required<Omit<TrainerOptions, 'threads'>>;
  #step: number;

  /** After every step. */
  readonly onProgress = this.#progress.event;
  /** After every checkpoint. */
  readonly onCheckpoint = this.#saved.event;

  private constructor(settings: TrainingSettings, parts: Parts, step: number, options: TrainerOptions) {
    this.settings = settings;
    this.#parts = parts;
    this.#step = step;
    this.#options = { sampleEvery: 500, checkpointEveryMs: 300_000, exportEvery: 0, clock: systemClock, ...options };
    this.#store.add(parts.engine);
  }

  /** A fresh run. @throws USAGE, DATASET_EMPTY, FILE_NOT_FOUND */
  static async create(options: TrainingOptions, trainer: TrainerOptions = {}): Promise<Trainer> {
    const asked = resolveTrainingSettings(options);
    const [a, b] = await openFolders(asked);
    const steps = asked.steps || Math.ceil((passesByDefault * Math.max(a.length, b.length)) / asked.batch);
    const settings = Object.freeze({ ...asked, steps });
    const sampler = new UnpairedSampler(a, b, settings, new Random(settings.seed + 1));
    const pools = [new ImagePool(settings.poolSize), new ImagePool(settings.poolSize)] as const;
    const poolRandom = new Random(settings.seed + 2);
    const parts = await assemble(settings, { a, b, sampler, pools, poolRandom }, initialState(settings), trainer);
    return new Trainer(settings, parts, 0, trainer);
  }

  /** Goes on from the latest checkpoint in `out`; `steps` may be raised. @throws CHECKPOINT_INVALID */
  static async resume(out: string, { steps }: { steps?: number } = {}, trainer: TrainerOptions = {}): Promise<Trainer> {
    const { state, weights, moments, pools: images } = await readLatestCheckpoint(out);
    const settings = Object.freeze({ ...state.settings, out, steps: steps ?? state.settings.steps });
    const [a, b] = await openFolders(settings);
    const sampler = new UnpairedSampler(a, b, settings, state.sampler);
    const stored = (domain: string) =>
      Object.keys(images)
        .filter(name => name.startsWith(`${domain}/`))
        .sort()
        .map(name => images[name]!.data);
    const pools = [
      new ImagePool(settings.poolSize, stored('A')),
      new ImagePool(settings.poolSize, stored('B')),
    ] as const;
    const poolRandom = Random.from(state.poolRandom);
    const parts = await assemble(settings, { a, b, sampler, pools, poolRandom }, { ...weights, ...moments }, trainer);
    return new Trainer(settings, parts, state.step, trainer);
  }

  get step(): number {
    return this.#step;
  }

  /**
   * Trains to the last step, or until the signal: then writes a checkpoint. Returns the plugin folder, or undefined
   * when stopped early. @throws TRAINING_DIVERGED, leaving the last checkpoint as it was.
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
      const losses = await this.#takeStep(current);
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

/** What a run works with, made once. */
interface Parts {
  readonly spec: CycleGanSpec;
  readonly engine: Engine;
  readonly state: State;
  readonly generatorStep: Program;
  readonly discriminatorStep: Program;
  readonly preview: Program;
  readonly sampler: UnpairedSampler;
  /** Of domain A and of domain B. */
  readonly pools: readonly [ImagePool, ImagePool];
  readonly poolRandom: Random;
  readonly samples: readonly Batch[];
  readonly log: LossLog;
}

interface Data extends Pick<Parts, 'sampler' | 'pools' | 'poolRandom'> {
  readonly a: ImageFolder;
  readonly b: ImageFolder;
}

async function assemble(
  settings: TrainingSettings,
  { a, b, ...data }: Data,
  variables: Tensors,
  { threads }: TrainerOptions,
): Promise<Parts> {
  const spec = cycleGanSpec(settings);
  const engine = await openEngine('auto', threads === undefined ? {} : { threads });
  const state = await engine.createState(variables);
  // The same samples in every sheet of a run, also after resuming.
  const fixed = new UnpairedSampler(
    a,
    b,
    { size: settings.size, batch: 1, flip: false },
    new Random(settings.seed + 3),
  );
  const samples: Batch[] = [];
  for (let index = 0; index < sampleCount; index++) samples.push(await fixed.next());
  return {
    ...data,
    spec,
    engine,
    state,
    samples,
    generatorStep: await engine.compile(generatorStep(spec), { state }),
    discriminatorStep: await engine.compile(discriminatorStep(spec), { state }),
    preview: await compilePreview(engine, state, spec),
    log: new LossLog(join(settings.out, 'losses.csv')),
  };
}

function openFolders({ a, b, loadSize }: TrainingSettings): Promise<[ImageFolder, ImageFolder]> {
  return Promise.all([ImageFolder.open(a, loadSize), ImageFolder.open(b, loadSize)]);
}

/** Freshly drawn weights and zero moments. */
function initialState(settings: TrainingSettings): Record<string, TensorData> {
  const spec = cycleGanSpec(settings);
  const random = new Random(settings.seed);
  const drawn = new Map<string, Float32Array>();
  for (const network of [...generatorNames, ...discriminatorNames]) {
    for (const [key, data] of Object.entries(initialise(specOf(spec, network), random))) {
      drawn.set(weightName(network, key), data);
    }
  }
  const variables: Record<string, TensorData> = {};
  for (const { name, shape } of trainedParameters(spec)) {
    const data = drawn.get(name)!;
    variables[name] = { shape, data };
    for (const moment of momentNames(name)) variables[moment] = { shape, data: new Float32Array(data.length) };
  }
  return variables;
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
