/**
 * What a training run works with, made once before its first step: folders, networks on the engine, pools, the fixed
 * samples of its sheets. Fresh or from a checkpoint, the rest of the run cannot tell the difference.
 */
import { join } from 'node:path';
import { Random } from '../../base/index.js';
import {
  type Engine,
  type EngineChoice,
  type OpenEngineOptions,
  openEngine,
  type Program,
  type State,
  type TensorData,
  type Tensors,
} from '../../engine/index.js';
import { initialise } from '../../nets/index.js';
import { ImageFolder } from '../data/image-folder.js';
import { type Batch, UnpairedSampler } from '../data/unpaired-sampler.js';
import { momentNames } from '../recipes/adam.js';
import {
  type CycleGanSpec,
  discriminatorNames,
  discriminatorStep,
  generatorNames,
  generatorStep,
  specOf,
  trainedParameters,
  weightName,
} from '../recipes/cyclegan-step.js';
import { LossLog } from '../records/loss-log.js';
import { compilePreview } from '../records/sample-sheet.js';
import { cycleGanSpec, type TrainingSettings } from '../settings.js';
import type { Checkpoint } from './checkpoint.js';
import { ImagePool } from './image-pool.js';
import { explainMemory } from './memory-advice.js';

const passesByDefault = 200;
const sampleCount = 4;

/** What a run works with, made once. */
export interface TrainingParts {
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

/** What the networks are trained on. */
export interface TrainingEngine extends OpenEngineOptions {
  /** Default `auto`. */
  readonly engine?: EngineChoice | undefined;
  /** What opens it; for tests. */
  readonly openEngine?: typeof openEngine | undefined;
}

export interface TrainingData extends Pick<TrainingParts, 'sampler' | 'pools' | 'poolRandom'> {
  readonly a: ImageFolder;
  readonly b: ImageFolder;
}

/** Folders, pools and random numbers of a fresh run; settles the number of steps. */
export async function freshData(
  asked: TrainingSettings,
): Promise<TrainingData & { readonly settings: TrainingSettings }> {
  const [a, b] = await openFolders(asked);
  const steps = asked.steps || Math.ceil((passesByDefault * Math.max(a.length, b.length)) / asked.batch);
  const settings = Object.freeze({ ...asked, steps });
  return {
    settings,
    a,
    b,
    sampler: new UnpairedSampler(a, b, settings, new Random(settings.seed + 1)),
    pools: [new ImagePool(settings.poolSize), new ImagePool(settings.poolSize)],
    poolRandom: new Random(settings.seed + 2),
  };
}

/** The same where the checkpoint was written. */
export async function resumedData(settings: TrainingSettings, { state, pools }: Checkpoint): Promise<TrainingData> {
  const [a, b] = await openFolders(settings);
  const stored = (domain: string) =>
    Object.keys(pools)
      .filter(name => name.startsWith(`${domain}/`))
      .sort()
      .map(name => pools[name]!.data);
  return {
    a,
    b,
    sampler: new UnpairedSampler(a, b, settings, state.sampler),
    pools: [new ImagePool(settings.poolSize, stored('A')), new ImagePool(settings.poolSize, stored('B'))],
    poolRandom: Random.from(state.poolRandom),
  };
}

/** Compiles the steps around `variables`, a fresh start's or a checkpoint's. */
export async function assembleParts(
  settings: TrainingSettings,
  { a, b, ...data }: TrainingData,
  variables: Tensors,
  { engine: choice = 'auto', threads, onPassedOver, openEngine: open = openEngine }: TrainingEngine,
): Promise<TrainingParts> {
  const engine = await open(choice, { threads, onPassedOver });
  try {
    const compiled = await compileParts(settings, engine, variables);
    return { ...data, ...compiled, engine, samples: await drawSamples(settings, a, b), log: openLog(settings) };
  } catch (error) {
    await engine.dispose();
    throw explainMemory(error, settings, engine.device);
  }
}

async function compileParts(settings: TrainingSettings, engine: Engine, variables: Tensors) {
  const spec = cycleGanSpec(settings);
  const state = await engine.createState(variables);
  return {
    spec,
    state,
    generatorStep: await engine.compile(generatorStep(spec), { state }),
    discriminatorStep: await engine.compile(discriminatorStep(spec), { state }),
    preview: await compilePreview(engine, state, spec),
  };
}

function openLog({ out }: TrainingSettings): LossLog {
  return new LossLog(join(out, 'losses.csv'));
}

async function drawSamples(settings: TrainingSettings, a: ImageFolder, b: ImageFolder): Promise<Batch[]> {
  // The same samples in every sheet of a run, also after resuming.
  const fixed = new UnpairedSampler(
    a,
    b,
    { size: settings.size, batch: 1, flip: false },
    new Random(settings.seed + 3),
  );
  const samples: Batch[] = [];
  for (let index = 0; index < sampleCount; index++) samples.push(await fixed.next());
  return samples;
}

function openFolders({ a, b, loadSize }: TrainingSettings): Promise<[ImageFolder, ImageFolder]> {
  return Promise.all([ImageFolder.open(a, loadSize), ImageFolder.open(b, loadSize)]);
}

/** Freshly drawn weights and zero moments. */
export function initialState(settings: TrainingSettings): Record<string, TensorData> {
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
