/**
 * What a training run works with, made before its first step and again where a stage begins: folders, networks on the
 * engine, pools, the fixed samples of its sheets. Fresh or from a checkpoint, the rest of the run cannot tell.
 */
import { DisposableStore, Random } from '../../base/index.js';
import {
  type Engine,
  type EngineChoice,
  type OpenEngineOptions,
  openEngine,
  type Program,
  type State,
} from '../../engine/index.js';
import { type Batch, type DataSurvey, openTrainingData, type TrainingData } from '../data/index.js';
import { requireMemory } from '../memory/index.js';
import { buildPreview } from '../recipes/index.js';
import { dataSettings, recipeOf, recipeSettings, type TrainingSettings } from '../settings.js';
import { generatorParameters } from '../trained-networks.js';
import type { Checkpoint } from './checkpoint.js';
import { ExponentialMovingAverage, emaPrefix } from './exponential-moving-average.js';
import { ImagePool } from './image-pool.js';
import { explainMemory } from './memory-advice.js';
import { type Stage, stageAt } from './stage-at.js';
import { type StepRandomness, StepRunner } from './step-runner.js';
import { variablesOf } from './variables.js';
import { warmVariables } from './warm-start.js';

const sampleCount = 4;

/** What the networks are trained on. */
export interface TrainingEngine extends OpenEngineOptions {
  /** Default `auto`. */
  readonly engine?: EngineChoice | undefined;
  /** Whether a training that is estimated to need more memory than there is, is refused. Default: yes. */
  readonly memoryCheck?: boolean | undefined;
  /** What opens it; for tests. */
  readonly openEngine?: typeof openEngine | undefined;
}

/** What lasts for the whole run. */
export interface TrainingParts {
  readonly engine: Engine;
  readonly state: State;
  readonly ema: ExponentialMovingAverage | undefined;
  readonly randomness: StepRandomness & { readonly pools: Map<string, ImagePool> };
  readonly data: TrainingData;
  readonly store: DisposableStore;
}

/** What lasts for one stage. */
export interface StageParts {
  readonly stage: Stage;
  readonly runner: StepRunner;
  readonly preview: Program;
  readonly samples: readonly Batch[];
}

/** What a run is assembled from; see run-start.ts. */
export interface AssemblyOptions {
  readonly settings: TrainingSettings;
  readonly checkpoint: Checkpoint | undefined;
  readonly engine: TrainingEngine;
  readonly survey: DataSurvey;
  readonly acceptChangedData?: boolean | undefined;
}

/** Opens the data and the engine, and puts the variables on it, fresh ones or a checkpoint's. */
export async function assembleParts({
  settings,
  checkpoint,
  engine: place,
  survey,
  acceptChangedData,
}: AssemblyOptions): Promise<TrainingParts> {
  const store = new DisposableStore();
  const engine = store.add(await openEngineWithMemory(settings, place));
  try {
    const known = checkpoint
      ? { ...checkpoint.weights, ...checkpoint.moments, ...checkpoint.averages }
      : await warmVariables(settings);
    const state = await engine.createState(variablesOf(settings, known));
    const averaging =
      settings.ema > 0
        ? await ExponentialMovingAverage.compile(engine, state, generatorParameters(settings), settings.ema)
        : undefined;
    const stage = stageAt(checkpoint?.state.step ?? 0, settings);
    const data = await openTrainingData(dataSettings(settings, stage), checkpoint?.state.sampler, {
      survey,
      acceptChangedData,
    });
    store.add(data);
    return { engine, state, ema: averaging, randomness: randomnessOf(settings, checkpoint), data, store };
  } catch (error) {
    await store.dispose();
    throw explainMemory(error, settings, engine.device);
  }
}

/** @throws OUT_OF_MEMORY, before anything is put onto the device */
async function openEngineWithMemory(
  settings: TrainingSettings,
  {
    engine: choice = 'auto',
    threads,
    onDeviceSkipped,
    memoryCheck = true,
    openEngine: open = openEngine,
  }: TrainingEngine,
): Promise<Engine> {
  const engine = await open(choice, { threads, onDeviceSkipped });
  try {
    if (memoryCheck) requireMemory(settings, engine);
    return engine;
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** Compiles the steps of the stage that comes after `step` steps, and has the data give crops of its size. */
export async function assembleStage(
  settings: TrainingSettings,
  { engine, state, randomness, data }: TrainingParts,
  step: number,
): Promise<StageParts> {
  const stage = stageAt(step, settings);
  const recipe = recipeOf(settings);
  const spec = recipeSettings(settings, stage.size);
  data.enterStage({ size: stage.size, loadSize: stage.loadSize });
  const runner = await StepRunner.compile(engine, state, recipe, spec, settings.accumulate, randomness);
  const preview = buildPreview(recipe, spec, settings.ema > 0 ? emaPrefix : '');
  return {
    stage,
    runner,
    preview: await engine.compile(preview, { state }),
    samples: await data.fixedSamples(sampleCount),
  };
}

export function emptyPools(settings: TrainingSettings): Map<string, ImagePool> {
  return new Map(recipeOf(settings).pooled.map(name => [name, new ImagePool(settings.poolSize)]));
}

function randomnessOf(settings: TrainingSettings, checkpoint: Checkpoint | undefined): TrainingParts['randomness'] {
  const drawRandom = new Random(settings.seed + 4);
  if (!checkpoint) return { pools: emptyPools(settings), poolRandom: new Random(settings.seed + 2), drawRandom };
  const { state, pools } = checkpoint;
  // A checkpoint at the end of a stage holds the images of that stage: the next one begins without.
  const { size } = stageAt(state.step, settings);
  const elements = recipeSettings(settings).generator.outputChannels * size * size;
  const stored = (name: string) =>
    Object.keys(pools)
      .filter(key => key.startsWith(`${name}/`) && pools[key]!.data.length === elements)
      .sort()
      .map(key => pools[key]!.data);
  return {
    pools: new Map(recipeOf(settings).pooled.map(name => [name, new ImagePool(settings.poolSize, stored(name))])),
    poolRandom: Random.from(state.poolRandom),
    drawRandom: state.drawRandom ? Random.from(state.drawRandom) : drawRandom,
  };
}
