/**
 * Finds out what a training would be, without training: settings, networks, data and memory by looking, time by taking a few
 * real steps on real images in each stage. It writes nothing, and what it trained is thrown away.
 */
import { CycleboxError, DisposableStore, errorToData } from '../../base/index.js';
import { type Engine, openEngine } from '../../engine/index.js';
import { sizeOf } from '../../graph/index.js';
import { describeNetwork } from '../../nets/index.js';
import { type DataSurvey, decodedBytes, defaultCacheBytes, epochLength, geometryOf, reportsOf } from '../data/index.js';
import {
  assembleParts,
  assembleStage,
  type RunStart,
  type StageParts,
  stageAt,
  type TrainingParts,
} from '../loop/index.js';
import { availableMemory, estimateMemory, requireMemory } from '../memory/index.js';
import { trainedParameters } from '../recipes/index.js';
import { dataSettings, recipeOf, type TrainingSettings } from '../settings.js';
import { networksOf } from '../trained-networks.js';
import type { PlannedNetwork, PlannedStage, TrainingPlan } from './training-plan.js';

/** @throws what opening the engine and its steps throw, but not that memory is too small: that is in the plan */
export async function explainTraining(start: RunStart): Promise<TrainingPlan> {
  const { settings, run, step } = start;
  const store = new DisposableStore();
  try {
    const { engine: choice, openEngine: open = openEngine, ...place } = start.engine;
    const engine = store.add(await open(choice, place));
    const refusal = refusalOf(settings, engine);
    const stages = refusal ? [] : await timeStages(start, engine);
    return {
      settings,
      run,
      device: engine.device,
      recipe: recipeOf(settings).summary,
      networks: plannedNetworks(settings),
      ...plannedData(settings, start.survey),
      step,
      memory: estimateMemory(settings, engine.prefersFewOperations),
      availableMemory: availableMemory(engine.device),
      stages,
      totalMs: refusal ? undefined : stages.reduce((sum, { steps, stepMs }) => sum + steps * stepMs, 0),
      peakBytes: process.resourceUsage().maxRSS * 1024,
      refusal,
    };
  } finally {
    await store.dispose();
  }
}

function refusalOf(settings: TrainingSettings, engine: Engine) {
  try {
    requireMemory(settings, engine);
    return undefined;
  } catch (error) {
    if (error instanceof CycleboxError && error.code === 'OUT_OF_MEMORY') return errorToData(error);
    throw error;
  }
}

function plannedNetworks(settings: TrainingSettings): readonly PlannedNetwork[] {
  return networksOf(settings).map(network => ({
    name: network.name,
    what: describeNetwork(network.spec),
    parameters: trainedParameters([network]).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  }));
}

function plannedData(
  settings: TrainingSettings,
  survey: DataSurvey,
): Pick<TrainingPlan, 'data' | 'dataBytes' | 'stepsPerEpoch'> {
  const geometry = geometryOf(dataSettings(settings));
  return {
    data: reportsOf(survey, geometry),
    dataBytes: Math.min(decodedBytes(survey, geometry), defaultCacheBytes()),
    stepsPerEpoch: Math.ceil(epochLength(survey, geometry) / (settings.batch * settings.accumulate)),
  };
}

async function timeStages(start: RunStart, engine: Engine): Promise<readonly PlannedStage[]> {
  const { settings } = start;
  const parts = await assembleParts({ ...start, engine: { openEngine: async () => engine, memoryCheck: false } });
  const planned: PlannedStage[] = [];
  for (let step = start.step; step < settings.steps; ) {
    const { size, end } = stageAt(step, settings);
    planned.push({ size, steps: end - step, ...(await timeStage(settings, parts, step)) });
    step = end;
  }
  return planned;
}

async function timeStage(settings: TrainingSettings, parts: TrainingParts, step: number) {
  const startMs = performance.now();
  const stage = await assembleStage(settings, parts, step);
  const compileMs = performance.now() - startMs;
  try {
    return { compileMs, stepMs: await timeSteps(settings, parts, stage, step) };
  } finally {
    await stage.runner.dispose();
    await stage.preview.dispose();
    for (const pool of parts.randomness.pools.values()) pool.clear();
  }
}

/** Three steps after the first, and more of quick ones, as the trainer takes them: images are read meanwhile. */
const timedSteps = { least: 3, most: 30, enoughMs: 3000 };

/** The median, in ms. */
async function timeSteps(
  { accumulate, learningRate }: TrainingSettings,
  { data }: TrainingParts,
  { runner }: StageParts,
  step: number,
) {
  const draw = () => Promise.all(Array.from({ length: accumulate }, () => data.next()));
  const rates = { generator: learningRate, discriminator: learningRate };
  const times: number[] = [];
  const startMs = performance.now();
  let batches = draw();
  while (times.length <= timedSteps.least || performance.now() - startMs < timedSteps.enoughMs) {
    if (times.length > timedSteps.most) break;
    const stepStartMs = performance.now();
    const current = await batches;
    batches = draw();
    await runner.take(
      current.map(({ A, B }) => ({ A, B })),
      step + times.length + 1,
      rates,
    );
    times.push(performance.now() - stepStartMs);
  }
  await batches;
  return median(times.slice(1));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
