/**
 * One thread that decodes images, seen from the side that asks. It starts with the first request, takes requests in
 * order, and keeps the process alive only while it works. Whatever happens to it, every request gets an answer.
 */
import { Worker } from 'node:worker_threads';
import { CycleboxError, type Disposable, type ErrorData, errorFromData } from '../../base/index.js';
import type { DecodeRequest, Pixels } from './decode-parts.js';

export type ToThread = { readonly id: number; readonly request: DecodeRequest } | 'end';
export type FromThread =
  | { readonly id: number; readonly pictures: readonly Pixels[] }
  | { readonly id: number; readonly error: ErrorData };

interface Pending {
  readonly resolve: (pictures: readonly Pixels[]) => void;
  readonly reject: (error: CycleboxError) => void;
}

export class DecodeThread implements Disposable {
  readonly #entry: string;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #ended: Promise<void> | undefined;
  #nextId = 0;

  /** @param entry file that the thread runs: the compiled `decode-main.js` */
  constructor(entry: string) {
    this.#entry = entry;
  }

  /** Requests that have no answer yet. */
  get load(): number {
    return this.#pending.size;
  }

  /** Asks at once. @throws IMAGE_*, FILE_*; PROCESS_CRASHED when the thread ended, CANCELLED when it was disposed */
  decode(request: DecodeRequest): Promise<readonly Pixels[]> {
    if (this.#ended) return Promise.reject(cancelled());
    this.#worker ??= this.#start();
    this.#worker.ref();
    const id = this.#nextId++;
    const answer = new Promise<readonly Pixels[]>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#worker.postMessage({ id, request } satisfies ToThread);
    return answer;
  }

  /** Refuses what was asked and waits for the end of the thread, which finishes the image that it is at. */
  dispose(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  #start(): Worker {
    // Options of the process, such as a test runner's, are not for a thread that only decodes.
    const worker = new Worker(this.#entry, { execArgv: [] });
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', error => this.#lose(worker, error.message));
    worker.on('exit', code => this.#lose(worker, `it exited with code ${code}`));
    return worker;
  }

  #receive(message: FromThread): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#pending.size === 0 && !this.#ended) this.#worker?.unref();
    if ('error' in message) pending?.reject(errorFromData(message.error));
    else pending?.resolve(message.pictures);
  }

  /** The next request starts another thread. */
  #lose(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#failAll(crashed(why));
  }

  #failAll(error: CycleboxError): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }

  async #end(): Promise<void> {
    this.#failAll(cancelled());
    const worker = this.#worker;
    if (!worker) return;
    const exited = new Promise<void>(resolve => worker.once('exit', () => resolve()));
    worker.ref();
    worker.postMessage('end' satisfies ToThread);
    await exited;
  }
}

function cancelled(): CycleboxError {
  return new CycleboxError('CANCELLED', 'The training data was closed before the image was read.');
}

function crashed(why: string): CycleboxError {
  const message = `A thread that decodes training images ended unexpectedly: ${why}. Resume the training.`;
  return new CycleboxError('PROCESS_CRASHED', message);
}
