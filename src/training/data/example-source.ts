/**
 * The pictures of drawn examples at one geometry: of two piles of unpaired images, or of one pile of pairs. Where the
 * geometry changes, a new source takes over what was found bad, and the decoded pictures where they still serve.
 */
import type { LoadedView } from './batch.js';
import type { Decoder } from './decode-pool.js';
import { ByteBudget } from './decoded-cache.js';
import type { Geometry } from './geometry.js';
import { type BadFile, SampleSet } from './sample-set.js';
import type { SampleViewPair, Usable } from './sampler.js';
import type { DataSurvey } from './survey.js';

export interface SourceOptions {
  readonly survey: DataSurvey;
  readonly decoder: Decoder;
  /** For decoded pictures, of both domains together. */
  readonly cacheBytes: number;
  /** Called once for each file that is found bad. */
  readonly onBad: (file: BadFile) => void;
}

/** Of A and of B. */
export type Example = readonly [LoadedView, LoadedView];

export class ExampleSource {
  readonly #options: SourceOptions;
  readonly #sets: readonly SampleSet[];
  readonly geometry: Geometry;

  constructor(options: SourceOptions, geometry: Geometry, before: readonly SampleSet[] = []) {
    const { survey, decoder, cacheBytes, onBad } = options;
    const budget = new ByteBudget(cacheBytes);
    const folders = survey.folders.map(({ folder }) => folder);
    this.#options = options;
    this.geometry = geometry;
    this.#sets = survey.sets.map(
      (samples, place) => new SampleSet({ samples, folders, geometry, decoder, budget, onBad }, before[place]),
    );
  }

  at(geometry: Geometry): ExampleSource {
    return new ExampleSource(this.#options, geometry, this.#sets);
  }

  get usable(): Usable {
    const [a, b] = this.#sets;
    return { a: a!.usable, b: b?.usable };
  }

  get bad(): readonly BadFile[] {
    return this.#sets.flatMap(pile => pile.bad);
  }

  /** Asks for both pictures before it returns. @throws DATASET_EMPTY, CANCELLED, PROCESS_CRASHED */
  async load(views: SampleViewPair): Promise<Example> {
    const loaded = await Promise.all(this.#sets.map((pile, place) => pile.load(views[place]!.index)));
    const [a, b] = loaded.flat();
    return [
      { picture: a!, view: views[0] },
      { picture: b!, view: views[1] },
    ];
  }
}
