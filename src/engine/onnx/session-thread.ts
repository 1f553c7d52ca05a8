/**
 * A thread in which sessions of ONNX Runtime run, seen from the side that asks: `run` blocks the thread that it is called on,
 * and with one of its own the caller's goes on decoding, encoding and answering meanwhile. Sessions behave as those of the
 * runtime do, one run after the other. Tensors are copied into buffers that go to and fro; memory that ends the process does so as before.
 */
import { Worker } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import type { Disposable } from '../../base/index.js';
import { compiledEntry } from '../../process/index.js';

/** What is used of a session of the runtime. */
export interface RunnableSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly ort.InferenceSession.ValueMetadata[];
  readonly outputMetadata: readonly ort.InferenceSession.ValueMetadata[];
  run(
    feeds: Record<string, ort.Tensor>,
    fetches?: Record<string, ort.Tensor | null>,
  ): Promise<ort.InferenceSession.OnnxValueMapType>;
  release(): Promise<void>;
  endProfiling(): void;
}

/** A float32 tensor on its way. */
export interface PassedTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export type Passed = Readonly<Record<string, PassedTensor>>;

/** Each is answered, in order. */
export type SessionCall =
  | { readonly kind: 'open'; readonly bytes: Uint8Array; readonly options: ort.InferenceSession.SessionOptions }
  | {
      readonly kind: 'run';
      readonly session: number;
      readonly feeds: Passed;
      /** Undefined for all outputs; a tensor where there is a buffer for one. */
      readonly fetches: Readonly<Record<string, PassedTensor | undefined>> | undefined;
    }
  | { readonly kind: 'release' | 'endProfiling'; readonly session: number };

export type ToSessionThread = { readonly id: number; readonly call: SessionCall } | 'end';
export type FromSessionThread =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** What comes of `run`: results, and the buffers of what was fed, to be used again. */
export interface RunAnswer {
  readonly results: Passed;
  readonly feeds: Passed;
}

/** What comes of `open`. */
export interface OpenedSession
  extends Pick<RunnableSession, 'inputNames' | 'outputNames' | 'inputMetadata' | 'outputMetadata'> {
  readonly session: number;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class SessionThread implements Disposable {
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #nextId = 0;

  /**
   * @param lent shapes of outputs whose values are the caller's until the next run only, which takes their buffers back
   * @throws Error with the runtime's words
   */
  async open(
    bytes: Uint8Array,
    options: ort.InferenceSession.SessionOptions,
    lent: Readonly<Record<string, readonly number[]>> = {},
  ): Promise<RunnableSession> {
    const { session, ...facts } = (await this.#ask({ kind: 'open', bytes, options })) as OpenedSession;
    const buffers = new PassingBuffers();
    return {
      ...facts,
      run: async (feeds, fetches) => {
        const passed = Object.entries(feeds).map(([name, tensor]) => [name, buffers.filled(name, tensor)] as const);
        const wanted = Object.keys(fetches ?? {}).map(name => [name, lent[name] && buffers.take(name, lent[name])]);
        const call: SessionCall = {
          kind: 'run',
          session,
          feeds: Object.fromEntries(passed),
          fetches: fetches && Object.fromEntries(wanted),
        };
        const { results, feeds: back } = (await this.#ask(call)) as RunAnswer;
        buffers.giveBack(back);
        for (const [name, result] of Object.entries(results)) if (lent[name]) buffers.giveBack({ [name]: result });
        return Object.fromEntries(
          Object.entries(results).map(([name, { data, dims }]) => [name, new ort.Tensor('float32', data, dims)]),
        );
      },
      release: async () => void (await this.#ask({ kind: 'release', session })),
      endProfiling: () => void this.#ask({ kind: 'endProfiling', session }).catch(() => {}),
    };
  }

  /** Once what was asked has been answered. */
  async dispose(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    const exited = new Promise<void>(resolve => worker.once('exit', () => resolve()));
    worker.ref();
    worker.postMessage('end' satisfies ToSessionThread);
    await exited;
  }

  #ask(call: SessionCall): Promise<unknown> {
    this.#worker ??= this.#start();
    this.#worker.ref();
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#worker.postMessage({ id, call } satisfies ToSessionThread, call.kind === 'run' ? buffersOf(call) : []);
    return answer;
  }

  #start(): Worker {
    // Options of the process, such as a test runner's, are not for this thread.
    const worker = new Worker(compiledEntry(import.meta.url, './session-main.js'), { execArgv: [] });
    worker.on('message', (message: FromSessionThread) => this.#receive(worker, message));
    worker.on('error', error => this.#lose(worker, error.message));
    worker.on('exit', code => this.#lose(worker, `it exited with code ${code}`));
    return worker;
  }

  #receive(worker: Worker, message: FromSessionThread): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#pending.size === 0) worker.unref();
    if ('error' in message) pending?.reject(new Error(message.error));
    else pending?.resolve(message.value);
  }

  /** Its sessions went with it: whoever has one is told so with every run. */
  #lose(worker: Worker, why: string): void {
    if (this.#worker === worker) this.#worker = undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new Error(`the thread of its sessions ended: ${why}`));
  }
}

/** Buffers in which tensors travel, by their names: each is where it was last needed, here or in the thread. */
class PassingBuffers {
  readonly #free = new Map<string, Float32Array>();

  /** A copy on its way. */
  filled(name: string, { dims, data }: ort.Tensor): PassedTensor {
    const passed = this.take(name, dims);
    passed.data.set(data as Float32Array);
    return passed;
  }

  take(name: string, dims: readonly number[]): PassedTensor {
    const length = dims.reduce((product, size) => product * size, 1);
    const free = this.#free.get(name);
    this.#free.delete(name);
    return { dims, data: free?.length === length ? free : new Float32Array(length) };
  }

  giveBack(passed: Passed): void {
    for (const [name, { data }] of Object.entries(passed)) this.#free.set(name, data);
  }
}

function buffersOf({ feeds, fetches = {} }: SessionCall & { readonly kind: 'run' }): ArrayBuffer[] {
  const tensors = [...Object.values(feeds), ...Object.values(fetches)];
  return tensors.flatMap(tensor => (tensor ? [tensor.data.buffer as ArrayBuffer] : []));
}
