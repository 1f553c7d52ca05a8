/**
 * The data of a training, opened once: batches in an order that follows from the seed, decoded ahead of the steps.
 * Drawing and reading are two things: what is drawn depends on settings and state alone, so that neither threads nor
 * memory nor the speed of a disk changes a batch.
 */
import {
  type Clock,
  type Disposable,
  DisposableStore,
  Emitter,
  machineMemoryBytes,
  Random,
  systemClock,
} from '../../base/index.js';
import { type Batch, cropViews } from './batch.js';
import { type DataReport, reportsOf } from './data-report.js';
import { type DataSettings, geometryOf } from './data-settings.js';
import { defaultDecodeThreads, openDecoder } from './decode-pool.js';
import { requireUsed } from './describe-report.js';
import type { SkippedFile } from './empty-folder.js';
import { type Example, ExampleSource } from './example-source.js';
import { changeSince, type FolderFingerprint, fingerprintsOf } from './fingerprint.js';
import type { BadFile } from './sample-set.js';
import { Sampler, type SamplerState } from './sampler.js';
import { type DataSurvey, decodedBytes, epochLength, surveyData } from './survey.js';
import { type Waiting, WaitMeter } from './wait-meter.js';

/** Where the data goes on. Plain JSON, for a checkpoint. */
export interface DataState extends SamplerState {
  /** Of the folders that the indices mean; missing in checkpoints of version 0.1. */
  readonly folders?: readonly FolderFingerprint[] | undefined;
}

/** What changes no batch. */
export interface OpenDataOptions {
  /** Threads that decode; 0: none, images are decoded in between the steps. Default 1 or 2, by the CPUs there are. */
  readonly threads?: number | undefined;
  /** For decoded images, of both domains together; default `defaultCacheBytes()`. */
  readonly cacheBytes?: number | undefined;
  /** What `surveyData` has found already. */
  readonly survey?: DataSurvey | undefined;
  /** Go on although images have come or gone since the state was read: with a new epoch. Default false. */
  readonly acceptChangedData?: boolean | undefined;
  readonly clock?: Clock | undefined;
}

/** A file that was found bad in the middle of the training. */
export interface SkippedInTraining extends SkippedFile {
  /** The folder of the domain. */
  readonly folder: string;
}

/** What may change between the stages of a training. */
export type StageSettings = Pick<DataSettings, 'size' | 'loadSize' | 'batch'>;

interface PrefetchedBatch {
  readonly examples: Promise<readonly Example[]>;
  readonly size: number;
  /** The sampler's state after this batch. */
  readonly after: SamplerState;
}

/** Batches that are read ahead, at least; fewer where their pictures would take more than `aheadBytes`. */
const minPrefetch = 4;
const maxPrefetchBytes = 2 ** 28;

/** An eighth of what memory the process may use, at most 2 GiB. */
export function defaultCacheBytes(): number {
  return Math.min(2 ** 31, Math.floor(machineMemoryBytes() / 8));
}

/**
 * @param start where to go on; default: at the beginning
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, DATASET_EMPTY, IMAGE_TOO_SMALL naming the folder; CHECKPOINT_INVALID when the
 * folders have changed since `start` was read
 */
export async function openTrainingData(
  settings: DataSettings,
  start?: DataState,
  options: OpenDataOptions = {},
): Promise<TrainingData> {
  const survey = options.survey ?? (await surveyData(settings));
  for (const stage of [settings, ...(settings.stages ?? [])]) {
    for (const report of reportsOf(survey, geometryOf({ ...settings, ...stage }))) requireUsed(report);
  }
  const from = start ? resumeState(start, survey, options.acceptChangedData) : new Random(settings.seed + 1);
  return new TrainingData(settings, survey, from, options);
}

function resumeState(start: DataState, survey: DataSurvey, isAccepted = false): SamplerState {
  const change = start.folders && changeSince(start.folders, survey);
  if (change && !isAccepted) throw change;
  return change ? { random: start.random, remaining: [] } : start;
}

export class TrainingData implements Disposable {
  readonly #survey: DataSurvey;
  readonly #folders: readonly FolderFingerprint[];
  readonly #store = new DisposableStore();
  readonly #skipped = this.#store.add(new Emitter<SkippedInTraining>());
  readonly #meter: WaitMeter;
  #settings: DataSettings;
  #source: ExampleSource;
  #sampler: Sampler;
  #state: SamplerState;
  #prefetched: PrefetchedBatch[] = [];
  #prefetchCount: number;

  /** Once for each file; another image stands in for it from then on. */
  readonly onSkipped = this.#skipped.event;

  /** Use `openTrainingData`. */
  constructor(settings: DataSettings, survey: DataSurvey, start: Random | SamplerState, options: OpenDataOptions) {
    const { threads = defaultDecodeThreads(), cacheBytes = defaultCacheBytes(), clock = systemClock } = options;
    const decoder = this.#store.add(openDecoder(threads));
    const onBad = (bad: BadFile) => this.#skipped.fire({ ...bad, folder: survey.folders[bad.folder]!.folder });
    this.#settings = settings;
    this.#survey = survey;
    this.#folders = fingerprintsOf(survey);
    this.#meter = new WaitMeter(clock);
    this.#source = new ExampleSource({ survey, decoder, cacheBytes, onBad }, geometryOf(settings));
    this.#sampler = new Sampler(this.#source.usable, settings.flip, start);
    this.#state = this.#sampler.state;
    this.#prefetchCount = prefetchCount(settings, survey);
    this.#fill();
  }

  /** As after the last batch that was asked for. */
  get state(): DataState {
    return { ...this.#state, folders: this.#folders };
  }

  /** What there is to say about each folder, with what was found in the training so far. */
  get reports(): readonly DataReport[] {
    return reportsOf(this.#survey, this.#source.geometry, this.#source.bad);
  }

  /** How long `next` took, of the time since it was first called. */
  get waiting(): Waiting {
    return this.#meter.waiting;
  }

  /** Examples in a pass over the larger domain, or over the pairs. */
  get epochLength(): number {
    return epochLength(this.#survey, this.#source.geometry);
  }

  /** Several may be asked for at a time. @throws DATASET_EMPTY when no image can be decoded; CANCELLED, PROCESS_CRASHED */
  next(): Promise<Batch> {
    return this.#meter.measure(() => toBatch(this.#take()));
  }

  /** The first examples of an order of their own, not mirrored, a batch of one each: the same ones in every call. */
  async fixedSamples(count: number): Promise<readonly Batch[]> {
    const sampler = new Sampler(this.#source.usable, false, new Random(this.#settings.seed + 3));
    return Promise.all(Array.from({ length: count }, () => toBatch(this.#draw(sampler, 1))));
  }

  /**
   * Batches from now on have this size; the order goes on where it was. What was read ahead is drawn again.
   * @throws IMAGE_TOO_SMALL, DATASET_EMPTY, and stays as it was
   */
  enterStage(stage: Partial<StageSettings>): void {
    const settings = { ...this.#settings, ...stage };
    const geometry = geometryOf(settings);
    for (const report of reportsOf(this.#survey, geometry, this.#source.bad)) requireUsed(report);
    this.#settings = settings;
    this.#source = this.#source.at(geometry);
    this.#sampler = new Sampler(this.#source.usable, settings.flip, this.#state);
    this.#prefetched = [];
    this.#prefetchCount = prefetchCount(settings, this.#survey);
    this.#fill();
  }

  /** Ends the threads; batches that are not there yet are refused with CANCELLED. */
  async dispose(): Promise<void> {
    this.#prefetched = [];
    await this.#store.dispose();
  }

  #take(): PrefetchedBatch {
    const batch = this.#prefetched.shift() ?? this.#draw(this.#sampler, this.#settings.batch);
    this.#state = batch.after;
    this.#fill();
    return batch;
  }

  #fill(): void {
    while (this.#prefetched.length < this.#prefetchCount)
      this.#prefetched.push(this.#draw(this.#sampler, this.#settings.batch));
  }

  #draw(sampler: Sampler, batch: number): PrefetchedBatch {
    const views = Array.from({ length: batch }, () => sampler.next());
    const examples = Promise.all(views.map(view => this.#source.load(view)));
    examples.catch(() => {}); // Told by `next` when its turn comes, which may be never.
    return { examples, size: this.#settings.size, after: sampler.state };
  }
}

function prefetchCount(settings: DataSettings, survey: DataSurvey): number {
  const { batch, accumulate = 1 } = settings;
  const geometry = geometryOf(settings);
  const exampleBytes = decodedBytes(survey, geometry) / epochLength(survey, geometry);
  const affordable = Math.floor(maxPrefetchBytes / (exampleBytes * batch));
  return Math.max(1, Math.min(affordable, Math.max(minPrefetch, 2 * accumulate)));
}

async function toBatch({ examples, size }: PrefetchedBatch): Promise<Batch> {
  const drawn = await examples;
  return {
    A: cropViews(
      drawn.map(([a]) => a),
      size,
    ),
    B: cropViews(
      drawn.map(([, b]) => b),
      size,
    ),
  };
}
