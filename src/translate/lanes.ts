/**
 * Lanes through a network on the CPU: the model once more for each, on its share of the threads, for pictures that run beside each
 * other. A run on all threads leaves some of them idle where the network is not parallel; two runs on half of them do not. Values
 * are the same, bit for bit. They are opened when they are first needed, and where their memory does not do, nothing is lost
 * but time.
 */
import type { Disposable } from '../base/index.js';
import type { LoadedModel } from './loaded-model.js';

/** A lane's weights in the file's form, prepacked, and transformed for one size of picture (`tailoredTo`): as many times the model's file. */
const memoryPerFileByte = 16;

export interface LanesOptions {
  readonly count: number;
  /** To be shared between them. */
  readonly threads: number;
  /** Loads the model on so many threads. */
  readonly load: (threads: number) => Promise<LoadedModel>;
  readonly onOpened: () => Promise<void>;
}

export class Lanes implements Disposable {
  readonly #options: LanesOptions;
  /** Those that nobody is in. */
  #free: LoadedModel[] = [];
  #opening: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /**
   * Has work done in a lane that is free: whoever comes sees to it that no more come than there are.
   * @returns undefined where they have been closed
   * @throws what the work does, and OUT_OF_MEMORY where they could not be opened
   */
  async use<T>(work: (lane: LoadedModel) => Promise<T>): Promise<T | undefined> {
    this.#opening ??= this.#openAll();
    await this.#opening;
    const lane = this.#free.shift();
    if (!lane) return undefined;
    try {
      return await work(lane);
    } finally {
      if (this.#isClosed) await lane.dispose();
      else this.#free.push(lane);
    }
  }

  /** One that somebody is in is closed when they have left it. */
  async dispose(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => {});
    const free = this.#free.splice(0);
    await Promise.all(free.map(lane => lane.dispose()));
  }

  /** All or none. */
  async #openAll(): Promise<void> {
    const { count, threads, load, onOpened } = this.#options;
    const shares = Array.from({ length: count }, (_, lane) => Math.floor((threads + lane) / count));
    const opened = await Promise.allSettled(shares.map(share => load(share)));
    const lanes = opened.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = opened.find(each => each.status === 'rejected');
    if (failed) {
      await Promise.all(lanes.map(lane => lane.dispose()));
      throw failed.reason;
    }
    await onOpened();
    this.#free = lanes;
  }
}

/** For activations of one lane's picture, so that all of them stay within the limit. */
export function laneMemoryBytes(memoryBytes: number, count: number, fileBytes: number): number {
  return Math.max(0, memoryBytes / count - memoryPerFileByte * fileBytes);
}
