/**
 * Weights, moments and gradients in one memory of WebAssembly, and Adam as one pass over each weight. In a graph it is a dozen
 * operations, each of which reads and writes all of their values: four to eight times the time, and a second buffer for whatever is updated.
 * Values come out the same to the bit.
 */
import { CycleboxError } from '../../base/index.js';
import { adamModule } from './adam-module.js';

const pageBytes = 2 ** 16;
/** A line of the processor's cache; more than the 16 bytes that four values are loaded by. */
const alignment = 64;

export interface AdamFactors {
  readonly beta1: number;
  readonly beta2: number;
  /** `lr·√(1-β₂ᵗ)/(1-β₁ᵗ)` and `ε·√(1-β₂ᵗ)`. */
  readonly stepSize: number;
  readonly epsilon: number;
}

export interface AdamWeight {
  /** Values, ≥ 1. */
  readonly size: number;
  /** Whether its gradient, or a share of it, is written into the memory. */
  readonly hasGradient: boolean;
}

/** Where a weight's values are; what is written there counts in the next step. */
export interface AdamViews {
  readonly weight: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly gradient: Float32Array | undefined;
}

/** What is used of it; TypeScript knows it of browsers only. */
declare const WebAssembly: {
  readonly Memory: new (size: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
  instantiate(
    code: Uint8Array,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<{ readonly instance: { readonly exports: Readonly<Record<string, unknown>> } }>;
};

type Step = (...offsetsAndFactors: readonly number[]) => void;

export class AdamMemory {
  readonly views: readonly AdamViews[];
  /** For gradients from elsewhere, of one weight at a time: small enough to stay in the processor's cache. */
  readonly #elsewhere: Float32Array;
  readonly #step: Step;

  private constructor(views: readonly AdamViews[], elsewhere: Float32Array, step: Step) {
    this.views = views;
    this.#elsewhere = elsewhere;
    this.#step = step;
  }

  /** @throws OUT_OF_MEMORY */
  static async allocate(weights: readonly AdamWeight[]): Promise<AdamMemory> {
    const bytes = adamMemoryBytes(weights);
    try {
      const pages = Math.ceil(bytes / pageBytes);
      const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
      const { instance } = await WebAssembly.instantiate(Buffer.from(adamModule, 'base64'), { adam: { memory } });
      const { views, elsewhere } = laidOut(memory.buffer, weights);
      return new AdamMemory(views, elsewhere, instance.exports['step'] as Step);
    } catch (cause) {
      const needed = `${Math.ceil(bytes / 2 ** 20)} MB for weights, their moments and their gradients`;
      throw new CycleboxError('OUT_OF_MEMORY', `There are no ${needed}. Lower the width.`, { cause });
    }
  }

  /** Moves a weight by its gradient: what its view holds, what is given, or their sum. @param given of its size */
  step(index: number, { beta1, beta2, stepSize, epsilon }: AdamFactors, given?: Float32Array): void {
    const { weight, firstMoment, secondMoment, gradient } = this.views[index]!;
    if (given) this.#elsewhere.set(given);
    const [one, other] = [gradient, given && this.#elsewhere].filter(values => values !== undefined);
    if (!one) throw new Error('a weight cannot be moved without a gradient');
    const places = [weight, firstMoment, secondMoment, one].map(({ byteOffset }) => byteOffset);
    places.push(other?.byteOffset ?? 0, aligned(weight.length, 4));
    this.#step(...places, beta1, 1 - beta1, beta2, 1 - beta2, stepSize, epsilon);
  }
}

function adamMemoryBytes(weights: readonly AdamWeight[]): number {
  const bytes = ({ size }: AdamWeight) => aligned(4 * size, alignment);
  const held = weights.reduce((sum, weight) => sum + (weight.hasGradient ? 4 : 3) * bytes(weight), 0);
  // Nothing is at 0, which stands for no gradient.
  return alignment + held + Math.max(0, ...weights.map(bytes));
}

function laidOut(buffer: ArrayBuffer, weights: readonly AdamWeight[]) {
  let offset = alignment;
  const view = (size: number) => {
    const values = new Float32Array(buffer, offset, size);
    offset += aligned(4 * size, alignment);
    return values;
  };
  const views = weights.map(({ size, hasGradient }) => ({
    weight: view(size),
    firstMoment: view(size),
    secondMoment: view(size),
    gradient: hasGradient ? view(size) : undefined,
  }));
  return { views, elsewhere: view(Math.max(0, ...weights.map(({ size }) => size))) };
}

function aligned(count: number, to: number): number {
  return Math.ceil(count / to) * to;
}
