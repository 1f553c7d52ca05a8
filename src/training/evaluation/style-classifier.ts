/**
 * Tells domain A from domain B, having been fitted on images of both. It judges translations, and is judged itself by
 * images that it was not fitted on: its word is worth as much as its accuracy there, which is why the two are always
 * reported together. Equal images, seed and engine give equal weights.
 */
import { CycleboxError, type Disposable, DisposableStore, Random } from '../../base/index.js';
import type { Engine, Program, State, TensorData, Tensors } from '../../engine/index.js';
import { adamInputs, adamScalars, momentNames } from '../recipes/index.js';
import type { Planes } from './planes.js';
import {
  fittingGraph,
  inferenceGraph,
  initialStyleWeights,
  styleAdam,
  styleSide,
  styleWeightNames,
} from './style-network.js';
import { noiseOf, type Thumbnail, thumbnailOf, writeRandomView, writeWholeView } from './style-view.js';

export interface FitStyleOptions {
  readonly engine: Engine;
  readonly a: readonly Thumbnail[];
  readonly b: readonly Thumbnail[];
  readonly seed: number;
  /** Default: some passes over the images. */
  readonly steps?: number | undefined;
  /** From 0 to 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const fittingBatch = 16;
/** Images that are judged at a time; each is looked at twice, the second time mirrored. */
const inferenceBatch = 16;
const passes = 12;
const [fewestSteps, mostSteps] = [400, 1800];
const learningRate = 4e-3;
const warmUpSteps = 50;
/** Certainty is not asked for: some images of a folder may be in the wrong one. */
const [targetA, targetB] = [0.05, 0.95];

/** What decides the weights besides the images, for the cache: change it with anything that changes them. */
export const styleMethod = `1 ${[styleSide, fittingBatch, passes, fewestSteps, mostSteps, learningRate].join()}`;

const imageLength = 3 * styleSide ** 2;
const scalarOf = (value: number): TensorData => ({ shape: [], data: Float32Array.of(value) });

/** Weights from scratch. @throws CANCELLED, TRAINING_DIVERGED, OUT_OF_MEMORY, ENGINE_FAILED */
export async function fitStyleWeights(options: FitStyleOptions): Promise<Record<string, TensorData>> {
  const { engine, a, b, seed, onProgress, signal } = options;
  const random = new Random(seed);
  const weights = initialStyleWeights(random);
  const store = new DisposableStore();
  try {
    const state = store.add(await engine.createState(withMoments(weights)));
    const fitting = store.add(await engine.compile(fittingGraph(fittingBatch), { state }));
    const steps = options.steps ?? stepsFor(a.length + b.length);
    const draw = batches(a, b, random);
    for (let step = 1; step <= steps; step++) {
      if (signal?.aborted) throw new CycleboxError('CANCELLED', 'Fitting the style classifier was cancelled.');
      const { loss } = await fitting.run({ ...draw(), ...adamOf(step, steps) });
      requireFinite(loss!.data[0]!, step);
      onProgress?.(step / steps);
    }
    return await state.read(styleWeightNames);
  } finally {
    await store.dispose();
  }
}

export class StyleClassifier implements Disposable {
  readonly #store = new DisposableStore();
  readonly #judging: Program;

  private constructor(state: State, judging: Program) {
    this.#store.add(state);
    this.#judging = this.#store.add(judging);
  }

  /** @param weights as `fitStyleWeights` gives them */
  static async open(engine: Engine, weights: Tensors): Promise<StyleClassifier> {
    const state = await engine.createState(weights);
    return new StyleClassifier(state, await engine.compile(inferenceGraph(2 * inferenceBatch), { state }));
  }

  /** How likely each image is of domain B, in [0, 1]. Square images. */
  async classify(images: readonly Planes[]): Promise<number[]> {
    const likelihoods: number[] = [];
    for (let first = 0; first < images.length; first += inferenceBatch) {
      likelihoods.push(...(await this.#judgeBatch(images.slice(first, first + inferenceBatch))));
    }
    return likelihoods;
  }

  dispose(): Promise<void> {
    return this.#store.dispose();
  }

  async #judgeBatch(images: readonly Planes[]): Promise<number[]> {
    const data = new Float32Array(2 * inferenceBatch * imageLength);
    for (const [index, image] of images.entries()) {
      const thumbnail = thumbnailOf(image);
      writeWholeView(thumbnail, false, data, 2 * index * imageLength);
      writeWholeView(thumbnail, true, data, (2 * index + 1) * imageLength);
    }
    const { logits } = await this.#judging.run({
      images: { shape: [2 * inferenceBatch, 3, styleSide, styleSide], data },
    });
    return images.map((_, index) => sigmoid((logits!.data[2 * index]! + logits!.data[2 * index + 1]!) / 2));
  }
}

function stepsFor(images: number): number {
  return Math.min(mostSteps, Math.max(fewestSteps, Math.ceil((passes * images) / fittingBatch)));
}

function withMoments(weights: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  const zeros = ({ shape, data }: TensorData) => ({ shape, data: new Float32Array(data.length) });
  const moments = Object.entries(weights).flatMap(([name, weight]) =>
    momentNames(name).map(moment => [moment, zeros(weight)] as const),
  );
  return { ...weights, ...Object.fromEntries(moments) };
}

/** Draws batches, half of each domain, which is gone through in an order by chance, again and again. */
function batches(a: readonly Thumbnail[], b: readonly Thumbnail[], random: Random): () => Tensors {
  const grain = noiseOf(random);
  const next = [a, b].map(thumbnails => {
    let waiting: Thumbnail[] = [];
    return () => {
      if (waiting.length === 0) waiting = random.shuffle([...thumbnails]);
      return waiting.pop()!;
    };
  });
  return () => {
    const images = new Float32Array(fittingBatch * imageLength);
    const targets = new Float32Array(fittingBatch);
    for (let index = 0; index < fittingBatch; index++) {
      writeRandomView(next[index % 2]!(), random, grain, images, index * imageLength);
      targets[index] = index % 2 === 0 ? targetA : targetB;
    }
    return {
      images: { shape: [fittingBatch, 3, styleSide, styleSide], data: images },
      targets: { shape: [fittingBatch, 1], data: targets },
    };
  };
}

/** A rate that rises over the first steps, then falls along half a cosine. */
function adamOf(step: number, steps: number): Tensors {
  const rate = learningRate * Math.min(1, step / warmUpSteps) * (0.5 + 0.5 * Math.cos((Math.PI * step) / steps));
  const { stepSize, epsilon } = adamScalars(styleAdam, rate, step);
  return { [adamInputs.stepSize]: scalarOf(stepSize), [adamInputs.epsilon]: scalarOf(epsilon) };
}

function requireFinite(loss: number, step: number): void {
  if (Number.isFinite(loss)) return;
  const message = `The style classifier's loss is ${loss} at step ${step}. Evaluate on another engine (--engine cpu).`;
  throw new CycleboxError('TRAINING_DIVERGED', message);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
