/**
 * A training in a process of its own, as its owner sees it: events, a few things to ask for, and how it ended. The process
 * starts at once and ends with the training; it takes the owner down with nothing, whatever becomes of it.
 *
 * Whoever listens before the first await hears every event.
 */
import { CycleboxError, type Disposable, Emitter, type Event } from '../../base/index.js';
import { Child, compiledEntry, type OutputLine } from '../../process/index.js';
import { latestCheckpoint } from '../loop/index.js';
import { eventsOf, type TrainingEvent, type TrainingEventKind, type TrainingEventOf } from '../training-event.js';
import type { TrainingPlan } from './training-plan.js';
import {
  type TrainingApi,
  type TrainingListener,
  type TrainingOrder,
  type TrainingResult,
  type TrainingStatus,
  trainingProtocol,
} from './training-protocol.js';

export interface TrainingProcessOptions {
  /** What the process writes to its output: warnings of native libraries. */
  readonly onLine?: ((line: OutputLine) => void) | undefined;
  /** Another entry than the real one; for tests. */
  readonly entry?: string | undefined;
}

type TrainingChild = Child<TrainingApi, TrainingListener>;

export class TrainingProcess implements Disposable {
  readonly #events = new Emitter<TrainingEvent>();
  readonly #child: Promise<TrainingChild>;

  /**
   * How it ended, once the process is gone. Rejects with why it failed: USAGE, DATASET_EMPTY, OUT_OF_MEMORY,
   * TRAINING_DIVERGED, WRITE_FAILED, …; PROCESS_CRASHED with what to do when the process was killed.
   */
  readonly result: Promise<TrainingResult>;

  readonly onEvent: Event<TrainingEvent> = this.#events.event;
  /** Settings, device and networks are known; the steps begin. */
  readonly onStarted = this.#eventsOf('started');
  readonly onProgress = this.#eventsOf('progress');
  readonly onCheckpoint = this.#eventsOf('checkpoint');
  readonly onSample = this.#eventsOf('sample');
  readonly onExport = this.#eventsOf('export');
  readonly onEvaluation = this.#eventsOf('evaluation');
  readonly onWarning = this.#eventsOf('warning');

  constructor(order: TrainingOrder, options: TrainingProcessOptions = {}) {
    this.#child = startChild(order, options, event => this.#events.fire(event));
    this.result = this.#run(order);
  }

  /** The number of the process. @throws when it could not be started */
  async pid(): Promise<number | undefined> {
    return (await this.#child).pid;
  }

  /** Ends it after the step under way, with a checkpoint. Returns `result`. */
  async stop(): Promise<TrainingResult> {
    const child = await this.#child.catch(() => undefined);
    await child?.call('stop', null).catch(() => {}); // It has ended already: `result` says how.
    return this.result;
  }

  /** Has a checkpoint written after the step under way; returns its folder. @throws CANCELLED when the training ends before */
  async checkpoint(): Promise<string> {
    return (await this.#child).call('checkpoint', null);
  }

  /** Has a sheet of samples written after the step under way; returns its file. @throws CANCELLED */
  async sample(): Promise<string> {
    return (await this.#child).call('sample', null);
  }

  /** Has the pair written as it is, as a plugin folder, after the step under way; returns the folder. @throws CANCELLED */
  async exportPlugin(): Promise<string> {
    return (await this.#child).call('export', null);
  }

  async status(): Promise<TrainingStatus> {
    return (await this.#child).call('status', null);
  }

  /** Ends the process at once; what came after the last checkpoint is lost. `result` rejects with CANCELLED. */
  async dispose(): Promise<void> {
    this.result.catch(() => {}); // Nobody has to care any more.
    const child = await this.#child.catch(() => undefined);
    await child?.kill();
  }

  #eventsOf<Kind extends TrainingEventKind>(kind: Kind): Event<TrainingEventOf<Kind>> {
    return eventsOf(this.#events.event, kind);
  }

  async #run(order: TrainingOrder): Promise<TrainingResult> {
    try {
      return await callOnce(await this.#child, child => child.call('train', order));
    } catch (error) {
      throw await withRemedy(error, order);
    }
  }
}

/** What a training would be, without training. @throws as `TrainingProcess.result` */
export async function explainInProcess(
  order: TrainingOrder,
  options: TrainingProcessOptions = {},
): Promise<TrainingPlan> {
  return callOnce(await startChild(order, options, () => {}), child => child.call('explain', order));
}

/** The process lives no longer than the call. */
async function callOnce<T>(child: TrainingChild, call: (child: TrainingChild) => Promise<T>): Promise<T> {
  try {
    return await call(child);
  } finally {
    await child.dispose();
  }
}

async function startChild(
  { place }: TrainingOrder,
  { onLine, entry }: TrainingProcessOptions,
  onEvent: (event: TrainingEvent) => void,
): Promise<TrainingChild> {
  return Child.start<TrainingApi, TrainingListener>({
    entry: entry ?? compiledEntry(import.meta.url, './training-main.js'),
    name: 'training process',
    protocol: trainingProtocol,
    handlers: { event: onEvent },
    onLine,
    detached: place.background === true && process.platform !== 'win32',
    // A step of a large network blocks the process's JavaScript thread for as long as it takes.
    unresponsiveAfterMs: 24 * 3_600_000,
  });
}

/** What died can be gone on with, if it had come so far. */
async function withRemedy(error: unknown, order: TrainingOrder): Promise<unknown> {
  if (!(error instanceof CycleboxError) || error.code !== 'PROCESS_CRASHED') return error;
  const out = order.resume ? order.out : order.training.out;
  const remedy = (await latestCheckpoint(out))
    ? `Its last checkpoint is whole; go on with: cyclebox train --resume --out ${out}`
    : 'It had come to no checkpoint yet: start it again.';
  const memory = ' If nobody killed it, memory may have run out: lower the batch, the crops or the width.';
  return new CycleboxError('PROCESS_CRASHED', `${error.message}. ${remedy}${memory}`, {
    subject: { file: out },
    cause: error,
  });
}
