/**
 * The daemon's side of a compute worker: one process, started when first needed and again after it died, that takes
 * an image file to a temporary file with one model. It repeats nothing: when the process dies, the job under way
 * fails with PROCESS_CRASHED and its owner decides.
 */
import type { Disposable } from '../base/index.js';
import type { ImageFormat } from '../image/index.js';
import {
  type BackOffOptions,
  type CallOptions,
  type Child,
  type ChildOptions,
  compiledEntry,
  type NoMethods,
  type OutputLine,
  Supervisor,
} from '../process/index.js';
import {
  type ComputeApi,
  type ComputeModel,
  type ComputeSettings,
  computeProtocol,
  defaultComputeSettings,
} from './compute-protocol.js';

export interface ComputeWorkerOptions {
  readonly settings?: Partial<ComputeSettings> | undefined;
  /** What the worker writes to its output: warnings of native libraries. */
  readonly onLine?: ((line: OutputLine) => void) | undefined;
  readonly backOff?: BackOffOptions | undefined;
  /** Another entry than the real one; for tests. */
  readonly entry?: string | undefined;
}

export interface ComputeTask {
  readonly job: string;
  /** The image file. */
  readonly source: string;
  /** Where the encoded, flushed result goes; must not exist. */
  readonly temporary: string;
  readonly model: ComputeModel;
  /** Default: the source's format. */
  readonly format?: ImageFormat | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For all three stages together: then the process is killed, since native code cannot be interrupted. */
  readonly timeoutMs?: number | undefined;
}

export interface ComputeReport {
  /** The source's file name, with an extension that fits the format. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  readonly bytes: number;
  readonly tiles: number;
  readonly decodeMs: number;
  readonly loadMs: number;
  readonly translateMs: number;
  readonly encodeMs: number;
}

type ComputeChild = Child<ComputeApi, NoMethods>;

export class ComputeWorker implements Disposable {
  readonly #supervisor: Supervisor<ComputeApi>;
  readonly #settings: ComputeSettings;
  #configured: { readonly child: ComputeChild; readonly done: Promise<void> } | undefined;

  constructor(options: ComputeWorkerOptions = {}) {
    this.#settings = { ...defaultComputeSettings, ...options.settings };
    this.#supervisor = new Supervisor<ComputeApi>(childOptions(options), { backOff: options.backOff });
  }

  /**
   * Decode, translate, encode.
   * @throws PROCESS_CRASHED, TIMED_OUT, CANCELLED, or what a stage threw (IMAGE_…, MODEL_…, ENGINE_…, WRITE_FAILED)
   */
  async run(task: ComputeTask): Promise<ComputeReport> {
    const child = await this.#ready();
    const limit = deadline(task.timeoutMs);
    try {
      return await stages(child, task, () => ({ signal: task.signal, timeoutMs: limit() }));
    } catch (error) {
      // Native code goes on whatever we say: only the end of the process frees the worker for the next job.
      if (isOverdue(error)) await child.kill();
      throw error;
    } finally {
      await child.call('release', { job: task.job }).catch(() => {});
    }
  }

  /** The process id, while there is a process: it starts with the first job and again after it died. */
  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  dispose(): Promise<void> {
    return this.#supervisor.dispose();
  }

  async #ready(): Promise<ComputeChild> {
    const child = await this.#supervisor.child();
    if (this.#configured?.child !== child) {
      this.#configured = { child, done: child.call('configure', this.#settings) };
    }
    await this.#configured.done;
    return child;
  }
}

async function stages(child: ComputeChild, task: ComputeTask, options: () => CallOptions): Promise<ComputeReport> {
  const { job, source, model, temporary, format } = task;
  const decoded = await child.call('decode', { job, source }, options());
  const translated = await child.call('translate', { job, model }, options());
  const encoded = await child.call('encode', { job, source, temporary, format: format ?? decoded.format }, options());
  return {
    name: encoded.name,
    width: encoded.width,
    height: encoded.height,
    format: encoded.format,
    bytes: encoded.bytes,
    tiles: translated.tiles,
    decodeMs: decoded.ms,
    loadMs: translated.loadMs,
    translateMs: translated.ms,
    encodeMs: encoded.ms,
  };
}

function childOptions(options: ComputeWorkerOptions): ChildOptions {
  return {
    entry: options.entry ?? compiledEntry(import.meta.url, './main.js'),
    name: 'compute worker',
    protocol: computeProtocol,
    onLine: options.onLine,
    // Inference blocks the worker's JavaScript thread: only the time limit of a job says when that is too long.
    unresponsiveAfterMs: 60_000,
  };
}

/** What is left of `timeoutMs`, counted from now. */
function deadline(timeoutMs: number | undefined): () => number | undefined {
  if (timeoutMs === undefined) return () => undefined;
  const endMs = performance.now() + timeoutMs;
  return () => Math.max(0, endMs - performance.now());
}

function isOverdue(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === 'TIMED_OUT' || code === 'CANCELLED';
}
