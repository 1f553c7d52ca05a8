/**
 * A run's files on their way between the folder that it is trained in, on the owner's machine, and the store. Each owner writes below its
 * own token, so that none writes over another's. The order of writing is the trainer's own: records before the checkpoint that they
 * lead to, a checkpoint's `state.json` last: wherever it breaks off, what lies in the store can be gone on from.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asCycleboxError } from '../../base/index.js';
import { filesBelow, type RunStore } from './run-store.js';

const folder = 'queue/files';
const checkpointState = /^checkpoints\/step-\d+\/state\.json$/;
/** Somebody may take the older files away just then. */
const mostTries = 5;

export class RunFiles {
  readonly #store: RunStore;
  readonly #run: string;
  /** Absolute, on this machine. */
  readonly #local: string;
  /** What the store has of this owner, by name. */
  readonly #put = new Map<string, string>();

  constructor(store: RunStore, run: string, local: string) {
    this.#store = store;
    this.#run = run;
    this.#local = local;
  }

  /** Brings here what the latest owner before `token` has left that had a checkpoint. @returns whether there was one */
  async restore(token: number): Promise<boolean> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#restoreOnce(token);
      } catch (thrown) {
        if (asCycleboxError(thrown).code !== 'FILE_NOT_FOUND' || tried === mostTries) throw thrown;
      }
    }
  }

  /** Puts what is new into the store, below the owner's token. @returns whether a checkpoint is there then */
  async publish(token: number): Promise<boolean> {
    const names = inOrder(await filesBelow(this.#local));
    for (const name of names) await this.#putChanged(token, name);
    const gone = [...this.#put.keys()].filter(name => !names.includes(name));
    for (const name of gone) {
      await this.#store.remove(this.#nameOf(token, name));
      this.#put.delete(name);
    }
    return names.some(name => checkpointState.test(name));
  }

  /** What owners before this one have left is of no use any more. */
  async removeOlder(token: number): Promise<void> {
    for (const older of await this.#tokens(token)) await this.#store.remove(this.#nameOf(older));
  }

  /** Puts everything into the run's folder, where people look for it, and takes away what was on the way. */
  async deliver(): Promise<void> {
    for (const name of inOrder(await filesBelow(this.#local)))
      await this.#store.put(`${this.#run}/${name}`, join(this.#local, ...name.split('/')));
    await this.#store.remove(`${this.#run}/${folder}`);
  }

  async #restoreOnce(token: number): Promise<boolean> {
    for (const older of await this.#tokens(token)) {
      const names = await this.#store.list(this.#nameOf(older));
      if (!names.some(name => checkpointState.test(name))) continue;
      for (const name of inOrder(names))
        await this.#store.get(this.#nameOf(older, name), join(this.#local, ...name.split('/')));
      return true;
    }
    return false;
  }

  /** Of owners before, the latest first. */
  async #tokens(before: number): Promise<readonly number[]> {
    const names = await this.#store.children(`${this.#run}/${folder}`);
    const tokens = names.filter(name => /^\d{6,}$/.test(name)).map(Number);
    return tokens.filter(token => token < before).sort((a, b) => b - a);
  }

  async #putChanged(token: number, name: string): Promise<void> {
    const file = join(this.#local, ...name.split('/'));
    const status = await stat(file).catch(() => undefined);
    if (!status) return; // The trainer has removed it since.
    const mark = `${status.size} ${status.mtimeMs}`;
    if (this.#put.get(name) === mark) return;
    try {
      await this.#store.put(this.#nameOf(token, name), file);
      this.#put.set(name, mark);
    } catch (thrown) {
      if (asCycleboxError(thrown).code !== 'FILE_NOT_FOUND') throw thrown;
    }
  }

  #nameOf(token: number, name?: string): string {
    const own = `${this.#run}/${folder}/${String(token).padStart(6, '0')}`;
    return name === undefined ? own : `${own}/${name}`;
  }
}

/** Records first, then checkpoints from the oldest on, of each its `state.json` last; what is half-written there is left out. */
function inOrder(names: readonly string[]): readonly string[] {
  const rank = (name: string) => {
    const [, checkpoint] = /^checkpoints\/([^/]+)\//.exec(name) ?? [];
    return checkpoint === undefined ? '' : `${checkpoint}${checkpointState.test(name) ? '~' : ''}`;
  };
  const whole = names.filter(name => !/^checkpoints\/[^/]*\.partial-/.test(name));
  return [...whole].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}
