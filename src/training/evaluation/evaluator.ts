/**
 * Judges translations between two domains: it holds the held-out images, the fitted classifier and everything that stays
 * the same from one checkpoint to the next, so that a training can ask every thousand steps. It knows no models: whoever
 * asks hands in a function from image to image. Equal images, seed, engine and function give equal figures.
 */
import { type Disposable, DisposableStore } from '../../base/index.js';
import type { Engine } from '../../engine/index.js';
import type { ColourClassChoice } from './colour-classes.js';
import type { Evaluation, ImageEvaluation } from './evaluation.js';
import type { FeatureNetwork } from './feature-network.js';
import { FittedStyle } from './fitted-style.js';
import { loadImages, type SkippedImage, sensibleSize } from './load-images.js';
import {
  appearanceMetrics,
  meanOf,
  type Preservation,
  preservationMetrics,
  preservationOf,
  styleMetrics,
} from './measure-images.js';
import type { Metrics } from './metrics.js';
import { type AskedMetrics, type AskedValues, askMetrics } from './pair-metric.js';
import { classMeasures } from './paired-measures.js';
import { asStored, differenceOf, isFiniteImage, type Planes } from './planes.js';
import { type DirectionImages, prepareReferences, type References, scored } from './references.js';
import { type HeldOutSplit, splitHeldOut } from './split-held-out.js';
import { type AdversarialHistory, warningsOf } from './warnings.js';

/** One image to another of the same size. */
export type TranslateImage = (image: Planes) => Promise<Planes>;

export interface EvaluatorOptions {
  /** Fits and runs the classifier. Stays the caller's. */
  readonly engine: Engine;
  /** Names of the two domains, for sentences. */
  readonly domains: readonly [string, string];
  /** Files of images to judge by, held out of the training; of B, none if there are none. */
  readonly heldA: readonly string[];
  readonly heldB?: readonly string[] | undefined;
  /** Files to fit the style classifier on; default: half of the held-out ones. */
  readonly trainA?: readonly string[] | undefined;
  readonly trainB?: readonly string[] | undefined;
  /** From files of A to the files of their true counterparts in B. */
  readonly counterparts?: ReadonlyMap<string, string> | undefined;
  readonly classes?: ColourClassChoice | undefined;
  /** For KID and FID. Stays the caller's. */
  readonly features?: FeatureNetwork | undefined;
  /** Measured by plugins, beside the others. */
  readonly asked?: AskedMetrics | undefined;
  /** Height and width to measure at; default: 256 or what most images have. */
  readonly size?: number | undefined;
  /** Images of each domain that are judged, at most; default: all. */
  readonly limit?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** Where fitted classifiers are kept; default: nowhere. */
  readonly cacheFolder?: string | undefined;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EvaluationProgress {
  readonly phase: 'reading' | 'fitting' | 'translating' | 'measuring';
  /** From 0 to 1, within the phase. */
  readonly done: number;
}

export interface EvaluateOptions {
  /** Default `AtoB`. */
  readonly direction?: 'AtoB' | 'BtoA' | undefined;
  readonly translate: TranslateImage;
  /** The other direction, for the error there and back. */
  readonly back?: TranslateImage | undefined;
  /** Of this direction's networks, for the warnings. */
  readonly adversarial?: AdversarialHistory | undefined;
  /** Each input with what became of it, as soon as it is known: for contact sheets. */
  readonly onTranslated?: ((result: TranslatedResult) => void | Promise<void>) | undefined;
}

export interface TranslatedResult {
  readonly file: string;
  readonly input: Planes;
  readonly translated: Planes;
  readonly back?: Planes;
}

/** What is kept of it. */
interface Result {
  readonly translated: Planes;
  /** Whether all values were numbers. */
  readonly isSound: boolean;
  readonly cycle?: number;
}

/**
 * Reads the images and fits the classifier, or finds it in the cache.
 * Images that cannot be read are left out and named
 * (`skipped`). @throws DATASET_EMPTY when none of a domain can be, CANCELLED, OUT_OF_MEMORY, ENGINE_FAILED, WRITE_FAILED
 */
export async function createEvaluator(options: EvaluatorOptions): Promise<Evaluator> {
  const size = options.size ?? (await sensibleSize(options.heldA));
  const { seed = 1, limit = Number.POSITIVE_INFINITY } = options;
  options.onProgress?.({ phase: 'reading', done: 0 });
  const hold = (files: readonly string[], train: readonly string[] | undefined) =>
    splitHeldOut({ files, train, size, limit, seed });
  const a = await hold(options.heldA, options.trainA);
  const b = options.heldB && (await hold(options.heldB, options.trainB));
  const onProgress = (done: number) => options.onProgress?.({ phase: 'fitting', done });
  const style = b && (await FittedStyle.open([a, b], size, { ...options, seed, onProgress }));
  return new Evaluator({ ...options, seed }, size, [a, b], style);
}

type Settled = EvaluatorOptions & { readonly seed: number };

export class Evaluator implements Disposable {
  /** Height and width that `translate` is handed. */
  readonly size: number;
  /** Files that could not be read as images. */
  readonly skipped: readonly SkippedImage[];
  readonly #options: Settled;
  readonly #domains: readonly [HeldOutSplit, HeldOutSplit | undefined];
  readonly #style: FittedStyle | undefined;
  readonly #store = new DisposableStore();
  readonly #references = new Map<string, Promise<References & { readonly images: DirectionImages }>>();

  /** Use `createEvaluator`. */
  constructor(
    options: Settled,
    size: number,
    domains: readonly [HeldOutSplit, HeldOutSplit | undefined],
    style: FittedStyle | undefined,
  ) {
    this.size = size;
    this.#options = options;
    this.#domains = domains;
    this.#style = style;
    this.skipped = [...domains.flatMap(domain => domain?.skipped ?? []), ...(style?.skipped ?? [])];
    if (style) this.#store.add(style);
  }

  /** Translates the held-out images and measures what came out. @throws what the functions throw */
  async evaluate(options: EvaluateOptions): Promise<Evaluation> {
    const toB = (options.direction ?? 'AtoB') === 'AtoB';
    const references = await this.#referencesOf(toB);
    const { inputs } = references.images;
    const results = await this.#translateAll(inputs, options);
    this.#options.onProgress?.({ phase: 'measuring', done: 0 });
    const translations = results.map(({ translated }) => translated);
    const kept = preservationOf(inputs.images, translations);
    const likelihoods = (await this.#style?.classify(translations, toB)) ?? translations.map(() => undefined);
    const asked = await askMetrics(this.#asked, inputs.images, translations);
    const measured = await this.#translatedRow(references, results, kept, likelihoods);
    const rows = { translated: { ...measured, ...asked.row }, ...references.rows };
    return this.#report(toB, references, {
      rows,
      each: imageEvaluations(
        inputs.files,
        { kept, likelihoods, before: this.#style?.ofInputs(toB) ?? [], results, asked },
        rows.target,
      ),
      ...(references.classes && { classes: this.#classesOf(references, translations) }),
      warnings: warningsOf({
        rows,
        images: translations.length,
        classifierAccuracy: this.#style?.report(toB)?.accuracy,
        adversarial: options.adversarial,
        classes: references.classes?.length,
      }),
    });
  }

  dispose(): Promise<void> {
    return this.#store.dispose();
  }

  get #asked(): AskedMetrics {
    return this.#options.asked ?? { metrics: [] };
  }

  #referencesOf(toB: boolean) {
    const known = this.#references.get(String(toB));
    if (known) return known;
    const made = this.#prepare(toB);
    this.#references.set(String(toB), made);
    return made;
  }

  async #prepare(toB: boolean) {
    const [a, b] = this.#domains;
    const [inputs, targets] = toB ? [a, b] : [b, a];
    if (!inputs) throw new RangeError('There are no images of B to translate to A: give heldB.');
    const images = { inputs, targets, truths: await this.#truthsOf(inputs, toB), style: this.#style?.references(toB) };
    const { seed, features: network, classes } = this.#options;
    return { ...(await prepareReferences(images, { seed, network, classes, asked: this.#asked })), images };
  }

  async #truthsOf({ files }: HeldOutSplit, toB: boolean): Promise<readonly (Planes | undefined)[]> {
    const pairs = [...(this.#options.counterparts ?? [])];
    const partners = new Map(toB ? pairs : pairs.map(([x, y]) => [y, x]));
    const wanted = files.flatMap(file => partners.get(file) ?? []);
    const { files: found, images } = await loadImages(wanted, this.size);
    const byFile = new Map(found.map((file, index) => [file, images[index]!]));
    return files.map(file => byFile.get(partners.get(file) ?? ''));
  }

  async #translateAll({ files, images }: HeldOutSplit, { translate, back, onTranslated }: EvaluateOptions) {
    const results: Result[] = [];
    for (const [index, input] of images.entries()) {
      const made = await translate(input);
      const translated = asStored(made);
      const returned = back && asStored(await back(translated));
      const cycle = returned && differenceOf(input, returned);
      results.push({ translated, isSound: isFiniteImage(made), ...(cycle !== undefined && { cycle }) });
      await onTranslated?.({ file: files[index]!, input, translated, ...(returned && { back: returned }) });
      this.#options.onProgress?.({ phase: 'translating', done: (index + 1) / images.length });
    }
    return results;
  }

  async #translatedRow(
    { rows, distancesTo, truthsOf }: References,
    results: readonly Result[],
    kept: Preservation,
    likelihoods: readonly (number | undefined)[],
  ): Promise<Metrics> {
    const translations = results.map(({ translated }) => translated);
    const cycles = results.flatMap(({ cycle }) => cycle ?? []);
    const measured = {
      ...styleMetrics(likelihoods.filter(likelihood => likelihood !== undefined)),
      ...preservationMetrics(kept),
      ...(cycles.length > 0 && { cycle: meanOf(cycles) }),
      ...(await distancesTo(translations)),
      ...truthsOf(translations),
      ...appearanceMetrics(translations),
      notFinite: results.filter(({ isSound }) => !isSound).length / results.length,
    };
    return scored(measured, rows);
  }

  #classesOf({ images, classes }: References & { readonly images: DirectionImages }, translations: readonly Planes[]) {
    const known = translations.filter((_, index) => images.truths[index]);
    return classMeasures(
      known,
      images.truths.filter(truth => truth !== undefined),
      classes!,
    );
  }

  #report(
    toB: boolean,
    { images: { inputs, targets, truths } }: { readonly images: DirectionImages },
    judged: Pick<Evaluation, 'rows' | 'each' | 'warnings' | 'classes'>,
  ): Evaluation {
    const [from, to] = toB ? this.#options.domains : this.#options.domains.toReversed();
    const { features } = this.#options;
    const classifier = this.#style?.report(toB);
    const { metrics } = this.#asked;
    return {
      format: 1,
      from: from!,
      to: to!,
      size: this.size,
      images: inputs.images.length,
      targetImages: targets?.images.length ?? 0,
      pairs: truths.filter(Boolean).length,
      ...(classifier && { classifier }),
      ...(features && { features: { file: features.file, side: features.side, range: features.range } }),
      ...(metrics.length > 0 && { metrics: Object.fromEntries(metrics.map(({ name, facts }) => [name, facts])) }),
      ...judged,
      skipped: this.skipped,
    };
  }
}

interface Judged {
  readonly kept: Preservation;
  /** Of the target: of the translations and, before, of the inputs. */
  readonly likelihoods: readonly (number | undefined)[];
  readonly before: readonly (number | undefined)[];
  readonly results: readonly Result[];
  readonly asked: AskedValues;
}

function imageEvaluations(
  files: readonly string[],
  judged: Judged,
  target: Metrics | undefined,
): readonly ImageEvaluation[] {
  const { kept, likelihoods, before, results, asked } = judged;
  return files.map((file, index) => {
    const [edges, ssim] = [kept.edges[index]!, kept.ssim[index]!];
    const { content } = scored({ edges, ssim }, { unchanged: {}, ...(target && { target }) });
    const [likelihood, inputLikelihood, cycle] = [likelihoods[index], before[index], results[index]!.cycle];
    return {
      file,
      ...(likelihood !== undefined && { likelihood }),
      ...(inputLikelihood !== undefined && { inputLikelihood }),
      ...(content !== undefined && { content }),
      edges,
      ssim,
      change: kept.change[index]!,
      ...(cycle !== undefined && { cycle }),
      ...(Object.keys(asked.row).length > 0 && { metrics: asked.of(index) }),
    };
  });
}
