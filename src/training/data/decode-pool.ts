/**
 * A few threads that decode images while the training computes. A step of training keeps JavaScript's main thread
 * busy from its first to its last moment, so that only work which was asked for before and runs elsewhere goes on.
 */
import { availableParallelism } from 'node:os';
import type { Disposable } from '../../base/index.js';
import { compiledEntry } from '../../process/index.js';
import { type DecodeRequest, decodeParts, type Pixels } from './decode-parts.js';
import { DecodeThread } from './decode-thread.js';

export interface Decoder extends Disposable {
  decode(request: DecodeRequest): Promise<readonly Pixels[]>;
}

/** One thread decodes some hundred small images a second, and two take what a training on few CPUs needs itself. */
export function defaultDecodeThreads(): number {
  return availableParallelism() > 4 ? 2 : 1;
}

/** @param threads 0: no threads, each image is decoded where it is asked for. @throws FILE_NOT_FOUND when not built */
export function openDecoder(threads: number): Decoder {
  return threads === 0 ? { decode: decodeParts, dispose: () => {} } : new DecodePool(threads);
}

class DecodePool implements Decoder {
  readonly #threads: readonly DecodeThread[];

  constructor(threads: number) {
    const entry = compiledEntry(import.meta.url, './decode-main.js');
    this.#threads = Array.from({ length: threads }, () => new DecodeThread(entry));
  }

  /** Given at once to the thread that has least to do: when this one is free again, none is there to give it out. */
  decode(request: DecodeRequest): Promise<readonly Pixels[]> {
    const [first, ...others] = this.#threads as [DecodeThread, ...DecodeThread[]];
    return others.reduce((least, thread) => (thread.load < least.load ? thread : least), first).decode(request);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.dispose()));
  }
}
