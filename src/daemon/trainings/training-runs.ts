/**
 * The trainings of a daemon: the runs below one folder, those that it has started, and what can be asked of them. Each runs in a process
 * of its own with lower priority; what it tells is passed on. It never touches a run that somebody else has started.
 */
import { lstat, mkdir, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  Emitter,
  type Event,
  type RelativePath,
  withRegularFile,
} from '../../base/index.js';
import type {
  RunHistory,
  TrainingEvent,
  TrainingFile,
  TrainingOrder,
  TrainingPluginPlaces,
  TrainingProcess,
} from '../../training/index.js';
import type { TrainingsConfig } from '../config/index.js';
import { folderBelow, type ImageFolder, imageFolders } from './image-folders.js';
import { afterEnd, afterEvent, summaryOfHistory, type TrainingSummary } from './training-summary.js';

/** The trainer, loaded when it is first asked for: with it comes the image library, which a daemon without trainings does not need. */
const trainer = () => import('../../training/index.js');
type Trainer = Awaited<ReturnType<typeof trainer>>;

export interface TrainingRunsOptions {
  /** In force now; undefined: none may be started. */
  readonly config: () => TrainingsConfig | undefined;
  readonly clock: Clock;
  /** Where recipes and metrics of plugins are found, in force now. */
  readonly plugins?: (() => TrainingPluginPlaces) | undefined;
  /** Another entry than the real one; for tests. */
  readonly entry?: string | undefined;
}

export interface StartTraining {
  /** The name of the run's folder, new. */
  readonly id: string;
  readonly pair: string;
  /** Folders of images, relative to the configured root. */
  readonly a: string;
  readonly b: string;
  /** By the names of train.json, without paths. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A file of a run. */
export interface SamplePicture {
  /** Absolute. */
  readonly folder: string;
  readonly path: RelativePath;
}

export type TrainingAction = 'stop' | 'checkpoint' | 'sample' | 'export' | 'resume';

export type TrainingRunEvent =
  | { readonly type: 'training'; readonly run: TrainingSummary; readonly event?: TrainingEvent | undefined }
  | { readonly type: 'training-ended'; readonly run: TrainingSummary };

interface OwnRun {
  readonly process: TrainingProcess;
  run: TrainingSummary;
}

/** At a time; each takes the machine as far as it is free. */
const mostAtOnce = 2;
/** How long an end of the daemon waits for the checkpoints of its trainings. */
const stopWithinMs = 20_000;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export class TrainingRuns implements Disposable {
  readonly #options: TrainingRunsOptions;
  readonly #events = new Emitter<TrainingRunEvent>();
  readonly #own = new Map<string, OwnRun>();
  /** By id: what was read of a history, as long as its file is the same. */
  readonly #read = new Map<string, { readonly mark: string; readonly history: RunHistory }>();

  constructor(options: TrainingRunsOptions) {
    this.#options = options;
  }

  readonly onEvent: Event<TrainingRunEvent> = this.#events.event;

  /** Those that run here. */
  get running(): readonly TrainingSummary[] {
    return [...this.#own.values()].map(({ run }) => run);
  }

  /** Why none can be started; undefined where one can. */
  get refusal(): string | undefined {
    if (this.#options.config() === undefined)
      return 'No folder of images is configured: name one under "trainings.images" of watch-config.json.';
    if (this.#own.size >= mostAtOnce) return `${mostAtOnce} trainings run already: stop one, or wait.`;
    return undefined;
  }

  /** The latest first. */
  async list(): Promise<readonly TrainingSummary[]> {
    const config = this.#options.config();
    const names = config ? await readdir(config.runs).catch(() => []) : [];
    const found = await Promise.all(names.filter(name => namePattern.test(name)).map(name => this.#summary(name)));
    const known = found.filter(run => run !== undefined);
    const starting = this.running.filter(({ id }) => !known.some(run => run.id === id));
    return [...starting, ...known].sort((a, b) => b.updatedMs - a.updatedMs);
  }

  /** @throws FILE_NOT_FOUND when there is no such run, or it has written nothing yet */
  async detail(
    id: string,
  ): Promise<{ readonly run: TrainingSummary; readonly history: RunHistory; readonly hasPlugin: boolean }> {
    const folder = this.#folder(id);
    const history = await this.#history(id);
    const run = this.#own.get(id)?.run ?? (await this.#summary(id));
    if (!run) throw noRun(id);
    const plugin = join(folder, 'plugins', run.pair, 'package.json');
    const hasPlugin = await stat(plugin).then(
      stats => stats.isFile(),
      () => false,
    );
    return { run, history, hasPlugin };
  }

  /** One picture of a sheet: the run's folder, and its path below it. @throws FILE_NOT_FOUND */
  async sample(id: string, step: number, row: number, column: string): Promise<SamplePicture> {
    const { samples } = await this.#history(id);
    const sheet = samples.find(one => one.step === step);
    const at = sheet?.columns.findIndex(({ key }) => key === column) ?? -1;
    const file = sheet?.files[row]?.[at];
    // What the history names is held to the run's folder: somebody may have written into it.
    const isBelow = file !== undefined && /^samples\/[\w./-]+$/.test(file) && !file.split('/').includes('..');
    if (!isBelow) throw new CycleboxError('FILE_NOT_FOUND', `The run ${id} has no such sample.`);
    return { folder: this.#folder(id), path: file };
  }

  /** @throws USAGE where none can be started */
  async folders(): Promise<readonly ImageFolder[]> {
    return imageFolders(this.#config().images);
  }

  /** @throws USAGE for wrong options, FILE_EXISTS when the run is there already, FILE_NOT_FOUND, PROCESS_CRASHED */
  async start({ id, pair, a, b, options }: StartTraining): Promise<TrainingSummary> {
    const training = await trainer();
    this.#requireRoom();
    const { images, runs } = this.#config();
    const out = this.#folder(id);
    const [folderA, folderB] = await Promise.all([folderBelow(images, a), folderBelow(images, b)]);
    await mkdir(runs, { recursive: true });
    await requireFree(out);
    const file = {
      background: true,
      ...pathless(options, training),
      pair,
      a: folderA,
      b: folderB,
      out,
    } as TrainingFile;
    return this.#run(training, id, training.newRunOrder(file, undefined, this.#options.plugins?.()), {
      pair,
      domains: domainsOf(pair),
      steps: 0,
      step: 0,
    });
  }

  /** What was done, for people. @throws USAGE, CANCELLED when the run ends before, FILE_NOT_FOUND */
  async ask(id: string, action: TrainingAction): Promise<string> {
    if (action === 'resume') return this.#resume(id);
    const own = this.#own.get(id);
    if (!own)
      throw new CycleboxError('USAGE', `${id} does not run here: it has ended, or somebody else has started it.`);
    switch (action) {
      case 'stop':
        this.#changed(own, { ...own.run, state: 'stopping' });
        own.process.stop().catch(() => {}); // How it ended is told by its end.
        return 'It stops after the step under way, with a checkpoint.';
      case 'checkpoint':
        return `The checkpoint ${basename(await own.process.checkpoint())} is written.`;
      case 'sample':
        return `The samples ${basename(await own.process.sample())} are written.`;
      case 'export':
        return `The pair is written as it is now: ${await own.process.exportPlugin()}`;
      default:
        return action satisfies never;
    }
  }

  /** The folder of plugins of a run with a finished pair, and the pair's id. @throws FILE_NOT_FOUND */
  async pluginOf(
    id: string,
  ): Promise<{ readonly folder: string; readonly pair: string; readonly domains: readonly [string, string] }> {
    const { run, hasPlugin } = await this.detail(id);
    if (hasPlugin) return { folder: join(this.#folder(id), 'plugins'), pair: run.pair, domains: run.domains };
    throw new CycleboxError('FILE_NOT_FOUND', `${id} has written no pair yet: export it first.`);
  }

  /** Has each write a checkpoint and end; what takes too long is ended, and loses what came after its last one. */
  async dispose(): Promise<void> {
    const all = [...this.#own.values()].map(({ process }) => process);
    const stopped = Promise.allSettled(all.map(process => process.stop()));
    let timer: Disposable | undefined;
    const late = new Promise<void>(resolve => {
      timer = this.#options.clock.after(stopWithinMs, resolve);
    });
    await Promise.race([stopped, late]);
    void timer?.dispose();
    await Promise.all(all.map(process => process.dispose()));
    this.#events.dispose();
  }

  async #resume(id: string): Promise<string> {
    this.#requireRoom();
    if (this.#own.has(id)) throw new CycleboxError('USAGE', `${id} runs already.`);
    const training = await trainer();
    const run = await this.#summary(id);
    if (!run) throw noRun(id);
    if (run.state === 'training') throw new CycleboxError('USAGE', `${id} seems to run already: its history grows.`);
    const { pair, domains, step, steps } = run;
    const order = training.resumeOrder(this.#folder(id), { background: true }, undefined, this.#options.plugins?.());
    this.#run(training, id, order, { pair, domains, step, steps });
    return `It goes on from its latest checkpoint.`;
  }

  #run(
    { TrainingProcess }: Trainer,
    id: string,
    order: TrainingOrder,
    known: Pick<TrainingSummary, 'pair' | 'domains' | 'step' | 'steps'>,
  ): TrainingSummary {
    const nowMs = Math.trunc(this.#options.clock.epochMs());
    const times = { startedMs: nowMs, updatedMs: nowMs };
    const run: TrainingSummary = { id, state: 'preparing', isOurs: true, ...known, ...times, losses: {}, warnings: 0 };
    const { entry } = this.#options;
    const own: OwnRun = { process: new TrainingProcess(order, { entry }), run };
    this.#own.set(id, own);
    own.process.onEvent(event => this.#changed(own, afterEvent(own.run, event, this.#nowMs()), event));
    own.process.result.then(
      result => this.#ended(own, result),
      error => this.#ended(own, asCycleboxError(error)),
    );
    this.#events.fire({ type: 'training', run });
    return run;
  }

  #changed(own: OwnRun, run: TrainingSummary, event?: TrainingEvent): void {
    own.run = run;
    this.#events.fire({ type: 'training', run, event });
  }

  #ended(own: OwnRun, result: Parameters<typeof afterEnd>[1]): void {
    own.run = afterEnd(own.run, result, this.#nowMs());
    this.#own.delete(own.run.id);
    this.#events.fire({ type: 'training-ended', run: { ...own.run, isOurs: false } });
  }

  async #summary(id: string): Promise<TrainingSummary | undefined> {
    const own = this.#own.get(id);
    if (own) return own.run;
    const { historyPath } = await trainer();
    const stats = await stat(historyPath(this.#folder(id))).catch(() => undefined);
    const history = stats?.isFile() ? await this.#history(id).catch(() => undefined) : undefined;
    return history && stats && summaryOfHistory(id, history, stats.mtimeMs, this.#nowMs());
  }

  async #history(id: string): Promise<RunHistory> {
    const { historyPath, readHistory } = await trainer();
    const folder = this.#folder(id);
    const mark = await markOf(historyPath(folder)).catch(() => undefined);
    if (mark === undefined) throw noRun(id);
    const known = this.#read.get(id);
    if (known?.mark === mark) return known.history;
    const history = await readHistory(folder);
    this.#read.set(id, { mark, history });
    return history;
  }

  /** @throws USAGE for a name that leads elsewhere, or where no folder is configured */
  #folder(id: string): string {
    if (!namePattern.test(id))
      throw new CycleboxError(
        'USAGE',
        `"${id}" is no name for a run: letters, digits, ".", "_" and "-", a letter or digit first.`,
      );
    return join(this.#config().runs, id);
  }

  #config(): TrainingsConfig {
    const config = this.#options.config();
    if (config) return config;
    throw new CycleboxError('USAGE', this.refusal ?? '');
  }

  #requireRoom(): void {
    const { refusal } = this;
    if (refusal !== undefined) throw new CycleboxError('USAGE', refusal);
  }

  #nowMs(): number {
    return Math.trunc(this.#options.clock.epochMs());
  }
}

function markOf(file: string): Promise<string> {
  return withRegularFile(file, async ({ size, identity, changed }) => `${size} ${identity} ${changed}`);
}

async function requireFree(out: string): Promise<void> {
  const entries = await readdir(out).catch(async () => ((await lstat(out).catch(() => undefined)) ? ['?'] : []));
  if (entries.length === 0) return;
  const message = `${basename(out)} is there already in ${dirname(out)}: give the run another name.`;
  throw new CycleboxError('FILE_EXISTS', message, { subject: { file: out } });
}

/** @throws USAGE naming an option that is a path: those are given by name alone */
function pathless(
  options: Readonly<Record<string, unknown>>,
  { trainingFileSchema }: Trainer,
): Readonly<Record<string, unknown>> {
  const own = ['pair', 'a', 'b', 'out', '$schema'];
  for (const name of Object.keys(options)) {
    const schema = (trainingFileSchema.shape as Readonly<Record<string, { meta(): { path?: unknown } | undefined }>>)[
      name
    ];
    const isPath = own.includes(name) || holdsPath(schema);
    if (isPath) throw new CycleboxError('USAGE', `"${name}" cannot be set here: give it on the command line.`);
  }
  return options;
}

/** Also inside an option that may be left out. */
function holdsPath(schema: unknown): boolean {
  const one = schema as { meta?(): { readonly path?: unknown } | undefined; unwrap?(): unknown } | undefined;
  if (one?.meta?.()?.path === true) return true;
  return one?.unwrap !== undefined && holdsPath(one.unwrap());
}

function domainsOf(pair: string): readonly [string, string] {
  const [a = pair, b = '?'] = pair.split('-');
  return [a, b];
}

function noRun(id: string): CycleboxError {
  return new CycleboxError('FILE_NOT_FOUND', `There is no run ${id}, or it has written nothing yet.`);
}
