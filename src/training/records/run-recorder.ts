/**
 * The one thing that a training loop tells what happens: it writes the history, TensorBoard's files, the sample grids
 * and the report, each by its own module. Knows nothing of networks: plain values come in.
 *
 * `checkpoint` is called before the checkpoint is written: so no checkpoint is ever ahead of its history, and a run that
 * is resumed from it finds everything up to its step.
 */
import { asCycleboxError, type Clock, type Disposable, packageVersion, systemClock } from '../../base/index.js';
import type { EventTime } from './event-record.js';
import type { EventOf, JsonObject, ReferenceMetrics, RunDescription, TrainingWarning } from './history-event.js';
import { HistoryLog } from './history-log.js';
import { ProgressMeter, type StepProgress } from './progress-meter.js';
import { readHistory } from './read-history.js';
import { type SampleFiles, SampleFolder, type SampleRetention } from './sample-folder.js';
import { drawSmall, encodePng, type SampleGrid, tilesOf } from './sample-grid.js';
import { meansOf, type StepValues, StepWindow } from './step-window.js';
import { TensorboardLog } from './tensorboard-log.js';
import { writeReport } from './write-report.js';

export interface RunRecorderOptions {
  /** Steps whose means make a line of the history; default 10. */
  readonly every?: number;
  /** Whether TensorBoard's files are written; default true. */
  readonly tensorboard?: boolean;
  /** Whether `report.html` is written at checkpoints and at the end; default true. */
  readonly report?: boolean;
  /** Which sample grids stay; default: the last 20, the first, and of the others every one whose step is a multiple of 2000. */
  readonly samples?: SampleRetention;
  readonly clock?: Clock;
  /** CPU time of this process so far, ms. */
  readonly cpuMs?: () => number;
}

/** What an evaluation found, in the names that people are to read. */
export interface EvaluationResult {
  /** What is before the first `/` of a name is its group: `horse→zebra/style`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly references?: readonly ReferenceMetrics[];
  readonly warnings?: readonly TrainingWarning[];
}

const cpuMsOfProcess = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const defaults = {
  cpuMs: cpuMsOfProcess,
  every: 10,
  tensorboard: true,
  report: true,
  samples: { last: 20, everySteps: 2000 },
} as const;
const flushEveryMs = 10_000;
const tensorboardTile = 128;

export class RunRecorder implements Disposable {
  readonly #out: string;
  readonly #options: Required<RunRecorderOptions>;
  readonly #history: HistoryLog;
  readonly #samples: SampleFolder;
  readonly #window: StepWindow;
  #tensorboard: TensorboardLog | undefined;
  #meter = new ProgressMeter(0);
  /** Of sessions before this one. */
  #earlierMs = 0;
  #earlierCpuMs = 0;
  #startedMs = 0;
  #startedCpuMs = 0;
  #flushedMs = 0;

  /** @param out the run's folder; nothing is written before `start` or `resume` */
  constructor(out: string, options: RunRecorderOptions = {}) {
    this.#out = out;
    this.#options = { clock: systemClock, ...defaults, ...options };
    this.#history = new HistoryLog(out);
    this.#samples = new SampleFolder(out);
    this.#window = new StepWindow(this.#options.every);
  }

  /** A fresh run: what an earlier one in this folder has left counts no more. @throws WRITE_FAILED */
  async start(run: RunDescription): Promise<void> {
    await this.#samples.rewind(-1);
    await this.#open('start', 0, run);
  }

  /** A run that goes on from its checkpoint of `step`. @throws WRITE_FAILED */
  async resume(step: number, run: RunDescription): Promise<void> {
    const checkpoint = await lastCheckpoint(this.#out, step);
    this.#earlierMs = checkpoint?.elapsedMs ?? 0;
    this.#earlierCpuMs = checkpoint?.cpuMs ?? 0;
    this.#window.reopen(checkpoint?.window);
    await this.#samples.rewind(step);
    await this.#open('resume', step, run);
  }

  /** After each step. Returns where the training stands. @throws WRITE_FAILED */
  async step(values: StepValues): Promise<StepProgress> {
    const complete = this.#window.add(values);
    if (complete) {
      const means = meansOf(complete, this.#options.clock.epochMs(), this.#elapsedMs);
      this.#history.add(means);
      this.#tensorboard?.scalars(means, scalarsOf(means));
    }
    if (this.#options.clock.monotonicMs() - this.#flushedMs >= flushEveryMs) await this.flush();
    return this.#meter.add(values);
  }

  evaluation(step: number, { metrics, references = [], warnings = [] }: EvaluationResult): void {
    const time = this.#at(step);
    this.#history.add({ kind: 'evaluation', ...time, metrics, references, warnings });
    this.#tensorboard?.scalars(time, tagged('metrics', metrics));
  }

  /** A warning of its own, not an evaluation's. */
  warning(step: number, warning: TrainingWarning): void {
    this.#history.add({ kind: 'warning', ...this.#at(step), ...warning });
  }

  /** Writes a grid's files, which it returns, and removes older ones. @throws WRITE_FAILED */
  async samples(step: number, grid: SampleGrid): Promise<SampleFiles> {
    const startMs = this.#options.clock.monotonicMs();
    const time = this.#at(step);
    const files = await this.#samples.write(step, grid);
    this.#history.add({ kind: 'sample', ...time, ...files });
    await this.#samples.thin(this.#options.samples);
    await this.#drawForTensorboard(time, grid);
    this.spent(this.#options.clock.monotonicMs() - startMs);
    return files;
  }

  /**
   * Before the checkpoint of this step is written: everything up to here is on the disk when it returns.
   * @param best the metric that makes it the best so far
   * @throws WRITE_FAILED
   */
  async checkpoint(step: number, best?: EventOf<'checkpoint'>['best']): Promise<void> {
    const window = this.#window.open;
    const event = { kind: 'checkpoint', ...this.#at(step), ...this.#taken } as const;
    this.#history.add({ ...event, ...(best && { best }), ...(window && { window }) });
    await this.flush({ sync: true });
    await this.#report(step);
  }

  /** The run is over, for now or for good. @param message what stopped it, for people. @throws WRITE_FAILED */
  async end(step: number, reason: EventOf<'end'>['reason'], message?: string): Promise<void> {
    const event = { kind: 'end', ...this.#at(step), ...this.#taken, reason } as const;
    this.#history.add({ ...event, ...(message !== undefined && { message }) });
    await this.flush({ sync: true });
    await this.#report(step);
  }

  /** Time that went into something else than steps (an evaluation, a checkpoint), for the time left. */
  spent(ms: number): void {
    this.#meter.addBetween(ms);
  }

  /** Writes what has been collected. @param sync whether to wait until the disk has it. @throws WRITE_FAILED */
  async flush({ sync = false } = {}): Promise<void> {
    this.#flushedMs = this.#options.clock.monotonicMs();
    await this.#history.flush({ sync });
    await this.#tensorboard?.flush();
  }

  /** Writes what has been collected; says nothing of the run's end. */
  async dispose(): Promise<void> {
    await this.flush();
  }

  get #elapsedMs(): number {
    return Math.round(this.#earlierMs + this.#options.clock.monotonicMs() - this.#startedMs);
  }

  /** By the wall, and by the CPU. */
  get #taken(): { readonly elapsedMs: number; readonly cpuMs: number } {
    const cpuMs = Math.round(this.#earlierCpuMs + this.#options.cpuMs() - this.#startedCpuMs);
    return { elapsedMs: this.#elapsedMs, cpuMs };
  }

  #at(step: number): EventTime {
    return { atMs: this.#options.clock.epochMs(), step };
  }

  async #open(kind: 'start' | 'resume', step: number, run: RunDescription): Promise<void> {
    const { clock, tensorboard } = this.#options;
    this.#startedMs = clock.monotonicMs();
    this.#startedCpuMs = this.#options.cpuMs();
    this.#meter = new ProgressMeter(run.steps);
    const described = { ...run, settings: plain(run.settings), data: plain(run.data) };
    this.#history.add({ kind, ...this.#at(step), version: packageVersion(), ...described });
    const firstStep = kind === 'start' ? 0 : step + 1;
    if (tensorboard) this.#tensorboard = await TensorboardLog.open(this.#out, this.#at(firstStep));
    await this.flush({ sync: true });
  }

  async #drawForTensorboard(time: EventTime, grid: SampleGrid): Promise<void> {
    if (!this.#tensorboard) return;
    const { rgb, ...size } = await drawSmall(tilesOf(grid), tensorboardTile);
    this.#tensorboard.image(time, 'samples', { ...size, png: await encodePng({ ...size, rgb }) });
  }

  /** A report that cannot be made is a warning: it can be made again, and the training is worth more. */
  async #report(step: number): Promise<void> {
    if (!this.#options.report) return;
    try {
      await writeReport(this.#out);
    } catch (error) {
      const { message } = asCycleboxError(error);
      this.warning(step, {
        code: 'report',
        message,
        advice: 'Make it again when this is mended; the history has it all.',
      });
    }
  }
}

/** What the history knows of the checkpoint from which the run goes on; undefined where the history is not there. */
async function lastCheckpoint(out: string, step: number): Promise<EventOf<'checkpoint'> | undefined> {
  const history = await readHistory(out).catch(() => undefined);
  return history?.checkpoints.findLast(checkpoint => checkpoint.step === step);
}

const plain = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

function scalarsOf({ losses, rates, imagesPerSecond, dataWaitShare, epoch }: EventOf<'step'>): Record<string, number> {
  const speed = tagged('speed', { imagesPerSecond, dataWaitShare, epoch });
  return { ...tagged('loss', losses), ...tagged('rate', rates), ...speed };
}

function tagged(group: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${group}/${name}`, value]));
}
