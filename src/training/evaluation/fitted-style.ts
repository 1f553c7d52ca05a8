/**
 * A style classifier with what it was fitted on and how good it is: knows which of the held-out images it may be asked
 * about, and speaks of the target of a direction where the network knows only domain B.
 */
import type { Disposable } from '../../base/index.js';
import type { Engine } from '../../engine/index.js';
import type { ClassifierReport } from './evaluation.js';
import type { SkippedImage } from './load-images.js';
import type { Planes } from './planes.js';
import { type HeldOutSplit, readThumbnails } from './split-held-out.js';
import { keptStyleWeights, styleKeyOf } from './style-cache.js';
import { fitStyleWeights, StyleClassifier } from './style-classifier.js';

export interface FittedStyleOptions {
  readonly engine: Engine;
  readonly seed: number;
  readonly cacheFolder?: string | undefined;
  /** From 0 to 1; not called where the cache has the weights. */
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Fewer images to fit on than these of either domain teach a classifier nothing. */
const fewestToFit = 10;

export class FittedStyle implements Disposable {
  /** Files that could not be read when it was fitted. */
  readonly skipped: readonly SkippedImage[];
  readonly #classifier: StyleClassifier;
  readonly #domains: readonly [HeldOutSplit, HeldOutSplit];
  /** Likelihoods of B, of the held-out images of A and of B. */
  readonly #likelihoods: readonly [readonly number[], readonly number[]];

  private constructor(
    classifier: StyleClassifier,
    domains: readonly [HeldOutSplit, HeldOutSplit],
    likelihoods: readonly [readonly number[], readonly number[]],
    skipped: readonly SkippedImage[],
  ) {
    this.#classifier = classifier;
    this.#domains = domains;
    this.#likelihoods = likelihoods;
    this.skipped = skipped;
  }

  /** Undefined where there are too few images. @throws CANCELLED, OUT_OF_MEMORY, ENGINE_FAILED, WRITE_FAILED */
  static async open(
    domains: readonly [HeldOutSplit, HeldOutSplit],
    size: number,
    options: FittedStyleOptions,
  ): Promise<FittedStyle | undefined> {
    const [a, b] = domains;
    if (Math.min(a.fitted.length, b.fitted.length) < fewestToFit) return undefined;
    const { weights, skipped } = await weightsFor(domains, size, options);
    const classifier = await StyleClassifier.open(options.engine, weights);
    const likelihoods = [await classifier.classify(heldOut(a)), await classifier.classify(heldOut(b))] as const;
    return new FittedStyle(classifier, domains, likelihoods, skipped);
  }

  /** Likelihoods of the target, of the held-out inputs and of the held-out images of the target. */
  references(toB: boolean): { readonly inputs: readonly number[]; readonly targets: readonly number[] } {
    const [a, b] = this.#likelihoods;
    return toB ? { inputs: a, targets: b } : { inputs: b.map(opposite), targets: a.map(opposite) };
  }

  /** Likelihoods of the target, of the inputs as they are; undefined where it was fitted on the input. */
  ofInputs(toB: boolean): readonly (number | undefined)[] {
    const known = [...this.references(toB).inputs];
    return this.#domains[toB ? 0 : 1].isHeldOut.map(isHeldOut => (isHeldOut ? known.shift() : undefined));
  }

  /** Likelihoods of the target, of the inputs' translations; undefined where it was fitted on the input. */
  async classify(translations: readonly Planes[], toB: boolean): Promise<readonly (number | undefined)[]> {
    const { isHeldOut } = this.#domains[toB ? 0 : 1];
    const likelihoods = await this.#classifier.classify(translations);
    return likelihoods.map((ofB, index) => (isHeldOut[index] ? (toB ? ofB : opposite(ofB)) : undefined));
  }

  report(toB: boolean): ClassifierReport {
    const [a, b] = this.#likelihoods;
    const parts = [
      { right: share(a, ofB => ofB < 0.5), heldOut: a.length, fitted: this.#domains[0].fitted.length },
      { right: share(b, ofB => ofB >= 0.5), heldOut: b.length, fitted: this.#domains[1].fitted.length },
    ] as const;
    const [from, to] = toB ? parts : ([parts[1], parts[0]] as const);
    return {
      accuracy: (from.right + to.right) / 2,
      accuracyFrom: from.right,
      accuracyTo: to.right,
      heldOut: [from.heldOut, to.heldOut],
      fitted: [from.fitted, to.fitted],
    };
  }

  dispose(): Promise<void> {
    return this.#classifier.dispose();
  }
}

async function weightsFor([a, b]: readonly [HeldOutSplit, HeldOutSplit], size: number, options: FittedStyleOptions) {
  const { engine, seed, cacheFolder, onProgress, signal } = options;
  const key = await styleKeyOf({ a: a.fitted, b: b.fitted, size, seed, device: engine.device.id });
  const [first, second] = key.isExchanged ? [b, a] : [a, b];
  const skipped: SkippedImage[] = [];
  const weights = await keptStyleWeights(cacheFolder, key, async () => {
    const seen = [await readThumbnails(first.fitted, size), await readThumbnails(second.fitted, size)] as const;
    skipped.push(...seen[0].skipped, ...seen[1].skipped);
    return fitStyleWeights({ engine, a: seen[0].thumbnails, b: seen[1].thumbnails, seed, onProgress, signal });
  });
  return { weights, skipped };
}

function heldOut({ images, isHeldOut }: HeldOutSplit): readonly Planes[] {
  return images.filter((_, index) => isHeldOut[index]);
}

function share(values: readonly number[], holds: (value: number) => boolean): number {
  return values.length === 0 ? 0 : values.filter(holds).length / values.length;
}

function opposite(likelihood: number): number {
  return 1 - likelihood;
}
