/**
 * The samples of one domain, or the pairs of two, at one geometry: which of them can be trained on, and their pictures.
 *
 * A sample that cannot be decoded is replaced by the next one that can, in the order of the list. Which one that is
 * follows from the files alone, not from what was read before, and no random number is spent on it: a resumed training
 * meets the same bad file at the same draw and replaces it by the same one.
 */
import { join } from 'node:path';
import type { DecodeRequest, Pixels } from './decode-parts.js';
import type { Decoder } from './decode-pool.js';
import { type ByteBudget, DecodedCache } from './decoded-cache.js';
import { emptyFolder, type SkippedFile } from './empty-folder.js';
import { type Geometry, loadsAlike, type Size } from './geometry.js';
import { decodedSize, type Sample, type SampleFile, sizeMismatchOf } from './sample.js';
import { reasonOf } from './scan-folder.js';

/** A file that was found bad when it was first decoded. */
export interface BadFile extends SkippedFile {
  /** Which folder of the survey it is in. */
  readonly folder: number;
}

export interface SampleSetOptions {
  readonly samples: readonly Sample[];
  /** Of the survey. */
  readonly folders: readonly string[];
  readonly geometry: Geometry;
  readonly decoder: Decoder;
  readonly budget: ByteBudget;
  /** Called once for each bad sample. */
  readonly onBad: (file: BadFile) => void;
}

export class SampleSet {
  readonly #options: SampleSetOptions;
  readonly #cache: DecodedCache;
  readonly #bad: Map<number, BadFile>;
  /** Indices of the samples that crops can be taken of, rising. */
  readonly usable: readonly number[];

  /** @param before the same samples at another geometry, whose pictures are kept where they serve */
  constructor(options: SampleSetOptions, before?: SampleSet) {
    this.#options = options;
    this.#bad = before ? before.#bad : new Map();
    const { samples, geometry, budget } = options;
    this.usable = samples.flatMap((sample, index) => (sizeMismatchOf(sample, geometry) ? [] : [index]));
    this.#cache =
      before && loadsAlike(before.#options.geometry, geometry)
        ? before.#cache
        : new DecodedCache(index => this.#decode(index), budget);
  }

  /** What was found bad so far. */
  get bad(): readonly BadFile[] {
    return [...this.#bad.values()];
  }

  /** The pictures of a usable sample or of its substitute. @throws DATASET_EMPTY when none can be decoded */
  async load(index: number): Promise<readonly Pixels[]> {
    for (const candidate of this.#candidates(index)) {
      if (this.#bad.has(candidate)) continue;
      try {
        return await this.#cache.get(candidate);
      } catch (error) {
        this.#remember(candidate, error);
      }
    }
    throw emptyFolder(this.#options.folders[this.bad[0]!.folder]!, this.bad);
  }

  *#candidates(index: number): Generator<number> {
    yield index;
    const place = this.usable.indexOf(index);
    yield* this.usable.slice(place + 1);
    yield* this.usable.slice(0, place);
  }

  async #decode(index: number): Promise<readonly Pixels[]> {
    const sample = this.#options.samples[index]!;
    const to = decodedSize(sample, this.#options.geometry);
    const decoded = sample.files.map(file => this.#options.decoder.decode(this.#request(file, to)));
    return (await Promise.all(decoded)).flat();
  }

  #request(file: SampleFile, to: Size): DecodeRequest {
    const { width, height, regions } = file;
    return { path: this.#pathOf(file), expected: { width, height }, regions, to };
  }

  #pathOf({ folder, file }: Pick<SampleFile, 'folder' | 'file'>): string {
    return join(this.#options.folders[folder]!, file);
  }

  /** @throws the error when it does not say that one of the sample's files is bad */
  #remember(index: number, error: unknown): void {
    const { files } = this.#options.samples[index]!;
    const subject = (error as { subject?: { file?: string } }).subject?.file;
    const file = files.find(one => this.#pathOf(one) === subject);
    if (!file) throw error;
    const bad = { folder: file.folder, file: file.file, reason: reasonOf(error, subject!) };
    if (this.#bad.has(index)) return;
    this.#bad.set(index, bad);
    this.#options.onBad(bad);
  }
}
