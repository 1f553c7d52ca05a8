/**
 * One owner's work at a run: brings the last checkpoint here, trains in a process of its own, and puts every checkpoint into the store.
 * It asks the run's log whether it is the owner still before anything that others see; when it is not, it stops and touches nothing.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asCycleboxError, CycleboxError, Emitter, type Event } from '../../base/index.js';
import type {
  TrainingEvent,
  TrainingFile,
  TrainingOrder,
  TrainingPluginPlaces,
  TrainingProcess,
  TrainingResult,
} from '../../training/index.js';
import { RunFiles } from './run-files.js';
import type { RunLog, RunOwner, RunState } from './run-log.js';
import { foldersOf, type RunOrder, type TrainingRoots } from './run-order.js';
import type { RunStore } from './run-store.js';

export interface AttemptOptions {
  readonly store: RunStore;
  readonly log: RunLog;
  readonly order: RunOrder;
  /** As it was claimed. */
  readonly state: RunState & { readonly owner: RunOwner };
  readonly roots: TrainingRoots;
  readonly background: boolean;
  readonly plugins?: TrainingPluginPlaces | undefined;
  /** Another entry of the training's process than the real one; for tests. */
  readonly entry?: string | undefined;
  /** What the training's process writes to its output. */
  readonly onLine?: ((text: string) => void) | undefined;
  readonly onWarning: (error: CycleboxError) => void;
}

/** `given-up`: it is another's, or was cancelled. */
export type AttemptOutcome =
  | { readonly how: 'finished' | 'returned' | 'given-up' }
  | { readonly how: 'failed'; readonly error: CycleboxError; readonly state: RunState };

export const scratchPrefix = `cyclebox-training-`;
/** Between two `progress` events, at least. */
const progressEveryMs = 1000;

export class TrainingAttempt {
  readonly #options: AttemptOptions;
  readonly #events = new Emitter<TrainingEvent>();
  #process: TrainingProcess | undefined;
  #isStopping = false;
  #isGivenUp = false;
  #hasBegun = false;
  #publishing: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  readonly onEvent: Event<TrainingEvent> = this.#events.event;

  get run(): string {
    return this.#options.log.id;
  }

  get owner(): RunOwner {
    return this.#options.state.owner;
  }

  /** Ends after the step under way, with a checkpoint, and gives the run back. */
  stop(): void {
    this.#isStopping = true;
    void this.#process?.stop().catch(() => {}); // Its result says how it ended.
  }

  /** Ends at once; what came after the last checkpoint in the store is lost. */
  giveUp(): void {
    this.#isGivenUp = true;
    void this.#process?.dispose();
  }

  /** Gives up what is another's by now. */
  async check(): Promise<void> {
    if (!(await this.#isOwner())) this.giveUp();
  }

  /** @throws STORE_UNAVAILABLE, and then nobody has been told of anything */
  async result(): Promise<AttemptOutcome> {
    const local = await mkdtemp(join(tmpdir(), `${scratchPrefix}${process.pid}-`));
    try {
      return await this.#runIn(local);
    } finally {
      await this.#process?.dispose();
      await rm(local, { recursive: true, force: true, maxRetries: 3 });
      this.#events.dispose();
    }
  }

  async #runIn(local: string): Promise<AttemptOutcome> {
    const { store, log, state } = this.#options;
    const files = new RunFiles(store, log.id, local);
    const hasCheckpoint = await files.restore(this.owner.token);
    if (state.standing === 'trained') return this.#deliver(files, hasCheckpoint);
    const result = await this.#train(files, await this.#orderIn(local, hasCheckpoint));
    if (result instanceof CycleboxError) return this.#failed(result);
    if (!(await this.#isOwner())) return { how: 'given-up' };
    await this.#publish(files);
    if (result.ended !== 'finished') return this.#returned();
    const trained = await log.appendAs(this.owner.token, {
      ...{ kind: 'trained', token: this.owner.token, step: result.step },
    });
    return trained ? this.#deliver(files, true) : { how: 'given-up' };
  }

  async #train(files: RunFiles, order: TrainingOrder): Promise<TrainingResult | CycleboxError> {
    const { TrainingProcess } = await import('../../training/index.js');
    const { entry, onLine } = this.#options;
    const training = new TrainingProcess(order, { entry, onLine: ({ text }) => onLine?.(text) });
    this.#process = training;
    training.onEvent(event => {
      this.#events.fire(event);
      if (event.kind === 'checkpoint') this.#publishSoon(files);
    });
    if (this.#isStopping) this.stop();
    if (this.#isGivenUp) this.giveUp();
    try {
      return await training.result;
    } catch (error) {
      return asCycleboxError(error);
    } finally {
      await this.#publishing;
    }
  }

  async #orderIn(local: string, hasCheckpoint: boolean): Promise<TrainingOrder> {
    const { newRunOrder, resumeOrder } = await import('../../training/index.js');
    const { order, roots, background, plugins } = this.#options;
    const { engine, threads } = this.owner;
    const here = { engine, threads, background, ...foldersOf(order, roots) } as TrainingFile;
    const { acceptChangedData } = order.options as TrainingFile;
    if (hasCheckpoint) return resumeOrder(local, { ...here, acceptChangedData }, progressEveryMs, plugins);
    const options = { ...order.options, ...here, out: local } as TrainingFile;
    return newRunOrder(options, progressEveryMs, plugins);
  }

  /** One after the other; of those that wait for their turn, the last will do. */
  #publishSoon(files: RunFiles): void {
    if (this.#waiting > 1) return;
    this.#waiting++;
    this.#publishing = this.#publishing.then(async () => {
      try {
        await this.#publish(files);
      } catch (error) {
        this.#options.onWarning(asCycleboxError(error));
      }
      this.#waiting--;
    });
  }

  async #publish(files: RunFiles): Promise<void> {
    const { log } = this.#options;
    const { token } = this.owner;
    if (this.#isGivenUp) return;
    if (!(await this.#isOwner())) return this.giveUp();
    const hasCheckpoint = await files.publish(token);
    if (!hasCheckpoint || this.#hasBegun) return;
    if (!(await log.appendAs(token, { kind: 'began', token }))) return this.giveUp();
    this.#hasBegun = true;
    await files.removeOlder(token);
  }

  async #deliver(files: RunFiles, isWhole: boolean): Promise<AttemptOutcome> {
    const { log } = this.#options;
    const { token } = this.owner;
    if (!(await this.#isOwner())) return { how: 'given-up' };
    if (!isWhole) {
      const message = `The files of the run ${log.id} are gone from the store before they were delivered. Cancel it, and queue it anew.`;
      return this.#failed(new CycleboxError('STORE_UNAVAILABLE', message));
    }
    await files.deliver();
    return { how: (await log.appendAs(token, { kind: 'delivered', token })) ? 'finished' : 'given-up' };
  }

  async #failed(error: CycleboxError): Promise<AttemptOutcome> {
    if (this.#isGivenUp) return { how: 'given-up' };
    if (this.#isStopping && error.code === 'CANCELLED') return this.#returned();
    const { code, message } = error;
    const { token } = this.owner;
    const state = await this.#options.log.appendAs(token, { kind: 'failed', token, error: { code, message } });
    return state ? { how: 'failed', error, state } : { how: 'given-up' };
  }

  async #returned(): Promise<AttemptOutcome> {
    const { token } = this.owner;
    const state = await this.#options.log.appendAs(token, { kind: 'returned', token });
    return { how: state ? 'returned' : 'given-up' };
  }

  async #isOwner(): Promise<boolean> {
    const { owner } = await this.#options.log.state();
    return owner?.token === this.owner.token;
  }
}
