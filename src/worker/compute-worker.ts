/**
 * The daemon's side of a compute worker: one process, started when first needed and again after it died, that takes
 * an image file to a temporary file with one model. It repeats nothing: when the process dies, the job under way
 * fails with PROCESS_CRASHED and its owner decides.
 */
import { rm } from 'node:fs/promises';
import {
  asCycleboxError,
  CycleboxError,
  type Disposable,
  type FileContent,
  type PixelPaths,
  pixelPathsFor,
} from '../base/index.js';
import type { EngineChoice, Precision } from '../engine/index.js';
import type { ImageFormat } from '../image/index.js';
import type { OutputOptions } from '../picture/index.js';
import type { Scale, Tiling } from '../plugin-api/index.js';
import {
  type BackOffOptions,
  type CallOptions,
  type Child,
  type ChildOptions,
  compiledEntry,
  guardMemory,
  type OutputLine,
  type ParamsOf,
  Supervisor,
} from '../process/index.js';
import type { MemoryStep, PictureSize } from '../translate/index.js';
import {
  type ComputeApi,
  type ComputeFit,
  type ComputeListener,
  type ComputeModel,
  type ComputeSettings,
  computeProtocol,
  defaultComputeSettings,
  type InspectReport,
} from './compute-protocol.js';
import type { ExpectedFile } from './expected-file.js';

export interface ComputeWorkerOptions {
  readonly settings?: Partial<ComputeSettings> | undefined;
  /** A process that holds more while it works is ended. Default: no limit. Not watched on Windows. */
  readonly processMemoryLimitBytes?: number | undefined;
  /** What the worker writes to its output: warnings of native libraries. */
  readonly onLine?: ((line: OutputLine) => void) | undefined;
  /** Told when memory runs out on the device and something is given up. */
  readonly onMemoryStep?: ((step: MemoryStep) => void) | undefined;
  readonly backOff?: BackOffOptions | undefined;
  /** A process that does not answer what takes no work (its settings, the end of a job) for so long is ended. Default 30 000. */
  readonly answerWithinMs?: number | undefined;
  /** Another entry than the real one; for tests. */
  readonly entry?: string | undefined;
}

export interface ComputeTask {
  readonly job: string;
  /** The image file. */
  readonly source: string;
  /** What it has to be; default: whatever is there. */
  readonly expected?: ExpectedFile | undefined;
  /** Where the encoded, flushed result goes; must not exist. */
  readonly temporary: string;
  readonly model: ComputeModel;
  readonly fit?: ComputeFit | undefined;
  /** What others do to the picture between the worker's stages. Their time does not count for `timeoutMs`. */
  readonly steps?: PictureSteps | undefined;
  readonly output?: OutputOptions | undefined;
  /** It may still be being written: what looks like that is refused as IMAGE_CORRUPT. Default false. */
  readonly mayGrow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For all three stages together: then the process is killed, since native code cannot be interrupted. */
  readonly timeoutMs?: number | undefined;
  /** Called when a stage begins: whoever looks at a failure knows by it what was being done. */
  readonly onStage?: ((stage: ComputeStage) => void) | undefined;
  /** Told how far a translation of several tiles has come, from 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** A task that is likely to come next. */
export type PrefetchRequest = Pick<ComputeTask, 'source' | 'output'> &
  Readonly<Required<Pick<ParamsOf<ComputeApi, 'prefetch'>, 'expected' | 'mayGrow'>>>;

/** What `ComputeApi.inspect` takes, and how long it may. */
export interface InspectTask extends ParamsOf<ComputeApi, 'inspect'> {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** A translation of raw pixels: what a plugin asks for. */
export interface PixelTask extends Pick<ComputeTask, 'job' | 'model' | 'fit' | 'signal' | 'timeoutMs'> {
  readonly picture: string;
  readonly result: string;
}

export interface PictureSteps {
  /** Between decoding and translation. */
  readonly before: readonly PictureStep[];
  /** Between translation and encoding. */
  readonly after: readonly PictureStep[];
}

/** Takes the picture out of the worker, and may give it another. */
export type PictureStep = (exchange: PictureExchange) => Promise<void>;

export interface PictureExchange {
  /** Lays the picture down as a raw-pixel file. */
  exportTo(path: string): Promise<void>;
  /** Takes the picture from a raw-pixel file. @throws IMAGE_CORRUPT, IMAGE_TOO_LARGE, FILE_UNREADABLE */
  importFrom(path: string): Promise<void>;
}

export type ComputeStage = 'decode' | 'translate' | 'encode';

export interface ComputeReport {
  /** What the source held that the result does not: sentences without a subject, which is the source. */
  readonly notes: readonly string[];
  /** The source's file name, with an extension that fits the format. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Upright; the result is larger where the network enlarges. */
  readonly sourceSize: PictureSize;
  readonly format: ImageFormat;
  readonly bytes: number;
  /** When the image says that it was taken. */
  readonly takenAt?: string | undefined;
  /** What was read, where it was said what to expect. */
  readonly source?: FileContent | undefined;
  readonly tiles: number;
  /** Of several tiles: what they were normalised by. */
  readonly tiling?: Tiling | undefined;
  readonly device: EngineChoice;
  readonly precision: Precision;
  readonly scale: Scale;
  readonly shownAs: PictureSize;
  /** The time that `steps` took in all. */
  readonly stepsMs: number;
  readonly decodeMs: number;
  readonly loadMs: number;
  readonly translateMs: number;
  readonly encodeMs: number;
}

type ComputeChild = Child<ComputeApi, ComputeListener>;

export class ComputeWorker implements Disposable {
  readonly #supervisor: Supervisor<ComputeApi, ComputeListener>;
  readonly #settings: ComputeSettings;
  readonly #memoryLimitBytes: number;
  readonly #answerWithinMs: number;
  /** By job. */
  readonly #progress = new Map<string, (fraction: number) => void>();
  #configured: { readonly child: ComputeChild; readonly done: Promise<void> } | undefined;

  constructor(options: ComputeWorkerOptions = {}) {
    this.#memoryLimitBytes = options.processMemoryLimitBytes ?? Number.POSITIVE_INFINITY;
    // A limit that images were seen to fit into must go on to be enough when more of them come.
    const tailoring = this.#memoryLimitBytes === Number.POSITIVE_INFINITY;
    this.#settings = { ...defaultComputeSettings, tailoring, ...options.settings };
    this.#answerWithinMs = options.answerWithinMs ?? 30_000;
    this.#supervisor = new Supervisor<ComputeApi, ComputeListener>(childOptions(options, this.#progress), {
      backOff: options.backOff,
    });
  }

  /**
   * Decode, translate, encode.
   * @throws PROCESS_CRASHED (also when it held too much memory), TIMED_OUT, CANCELLED, WORKER_UNAVAILABLE, or what a
   * stage threw (IMAGE_…, MODEL_…, ENGINE_…, WRITE_FAILED)
   */
  async run(task: ComputeTask): Promise<ComputeReport> {
    const child = await this.#ready(task.signal);
    if (task.onProgress) this.#progress.set(task.job, task.onProgress);
    const pixels = isChanged(task) ? undefined : pixelPathsFor(task.temporary);
    let isDone = false;
    try {
      const report = await this.#guarded(child, () => stages(child, { ...task, pixels }, new Deadline(task.timeoutMs)));
      isDone = true;
      return report;
    } finally {
      this.#progress.delete(task.job);
      await this.#release(child, task);
      // A process that was ended amid the work has left them.
      if (!isDone && pixels) for (const path of Object.values(pixels)) await rm(path, { force: true }).catch(() => {});
    }
  }

  /**
   * Has the worker decode, beside its job, what is likely to be its next. Ends when it has been tried; undefined where a limit of memory
   * leaves no room for a second image. @throws as `run` does
   */
  prefetch(request: PrefetchRequest): Promise<void> | undefined {
    if (this.#memoryLimitBytes !== Number.POSITIVE_INFINITY) return undefined;
    const { source, expected, mayGrow, output = {} } = request;
    const { depth = 'source', colour } = output;
    return this.#ready(undefined).then(child => child.call('prefetch', { source, expected, mayGrow, depth, colour }));
  }

  /** Looks at an image. @throws as `run` does */
  async inspect({ signal, timeoutMs, ...request }: InspectTask): Promise<InspectReport> {
    const child = await this.#ready(signal);
    return await this.#guarded(child, () => child.call('inspect', request, { signal, timeoutMs }));
  }

  /** Takes a picture from one raw-pixel file to another. @throws as `run` does */
  async translatePixels({ job, model, fit, picture, result, signal, timeoutMs }: PixelTask): Promise<void> {
    const child = await this.#ready(signal);
    const limit = new Deadline(timeoutMs);
    const options = (): CallOptions => ({ signal, timeoutMs: limit.leftMs });
    try {
      await this.#guarded(child, async () => {
        await child.call('importPicture', { job, path: picture }, options());
        await child.call('translate', { job, model, fit }, options());
        await child.call('exportPicture', { job, path: result }, options());
      });
    } finally {
      await this.#release(child, { job, signal });
    }
  }

  /** The process is watched meanwhile, and ended when it does not end by itself. */
  async #guarded<T>(child: ComputeChild, work: () => Promise<T>): Promise<T> {
    let excess: CycleboxError | undefined;
    const guard = this.#guard(child, error => {
      excess = error;
    });
    try {
      return await work();
    } catch (error) {
      // Native code goes on whatever we say: only the end of the process frees the worker for the next job.
      if (isTimeoutOrCancel(error)) await child.kill();
      throw excess ?? error;
    } finally {
      void guard?.dispose();
    }
  }

  /** What was made stands; a process that does not even answer this one does no further job. */
  async #release(child: ComputeChild, { job, signal }: Pick<ComputeTask, 'job' | 'signal'>): Promise<void> {
    await child.call('release', { job }, { signal, timeoutMs: this.#answerWithinMs }).catch(async error => {
      if (isTimeoutOrCancel(error)) await child.kill();
    });
  }

  /** The process id, while there is a process: it starts with the first job and again after it died. */
  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  /** Ends the process, whatever it is at; the next job gets a new one. */
  restart(): Promise<void> {
    return this.#supervisor.kill();
  }

  dispose(): Promise<void> {
    return this.#supervisor.dispose();
  }

  async #configuredChild(): Promise<ComputeChild> {
    const child = await this.#supervisor.child();
    if (this.#configured?.child !== child) this.#configured = { child, done: this.#configure(child) };
    await this.#configured.done;
    return child;
  }

  /** A process that does not take its settings would never take a job: the next one may. */
  async #configure(child: ComputeChild): Promise<void> {
    try {
      await child.call('configure', this.#settings, { timeoutMs: this.#answerWithinMs });
    } catch (error) {
      await child.kill();
      throw error;
    }
  }

  /** Whoever is at work in a process that is ended for its memory learns why. */
  #guard(child: ComputeChild, onExceeded: (error: CycleboxError) => void): Disposable | undefined {
    const limitBytes = this.#memoryLimitBytes;
    if (child.pid === undefined || limitBytes === Number.POSITIVE_INFINITY) return undefined;
    return guardMemory({
      pid: child.pid,
      limitBytes,
      onExceeded: bytes => {
        const message = `the compute worker (pid ${child.pid}) was ended because it used ${megabytes(bytes)} of memory, more than its limit of ${megabytes(limitBytes)}`;
        onExceeded(new CycleboxError('PROCESS_CRASHED', message));
        void child.kill();
      },
    });
  }

  /** A worker that cannot even start is no job's fault. @throws WORKER_UNAVAILABLE, CANCELLED */
  async #ready(signal: AbortSignal | undefined): Promise<ComputeChild> {
    try {
      return await unlessAborted(this.#configuredChild(), signal);
    } catch (error) {
      const { code, message } = asCycleboxError(error);
      if (code === 'CANCELLED') throw error;
      throw new CycleboxError('WORKER_UNAVAILABLE', `the compute worker could not be started: ${message}`, {
        cause: error,
      });
    }
  }
}

/** What is waited for goes on; whoever disposes of the worker ends it. @throws CANCELLED */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const cancel = () => reject(new CycleboxError('CANCELLED', 'the start of the compute worker was cancelled'));
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

async function stages(
  child: ComputeChild,
  task: ComputeTask & { readonly pixels: PixelPaths | undefined },
  limit: Deadline,
): Promise<ComputeReport> {
  const { job, source, expected, model, fit, temporary, output, mayGrow, onStage, signal, steps, pixels } = task;
  const options = (): CallOptions => ({ signal, timeoutMs: limit.leftMs });
  const exchange: PictureExchange = {
    exportTo: path => child.call('exportPicture', { job, path }, options()),
    importFrom: path => child.call('importPicture', { job, path }, options()),
  };
  onStage?.('decode');
  const { depth = 'source', colour } = output ?? {};
  const decoded = await child.call('decode', { job, source, expected, mayGrow, depth, colour, pixels }, options());
  await limit.suspendedFor(() => inTurn(steps?.before, exchange));
  onStage?.('translate');
  const translated = await child.call('translate', { job, model, fit }, options());
  onStage?.('encode');
  await limit.suspendedFor(() => inTurn(steps?.after, exchange));
  const { format } = decoded;
  const encoded = await child.call('encode', { job, source, temporary, format, output }, options());
  return {
    notes: [...decoded.notes, ...(translated.notes ?? []), ...encoded.notes],
    name: encoded.name,
    width: encoded.width,
    height: encoded.height,
    sourceSize: { width: decoded.width, height: decoded.height },
    format: encoded.format,
    source: decoded.source,
    bytes: encoded.bytes,
    takenAt: encoded.takenAt,
    tiles: translated.tiles,
    tiling: translated.tiling,
    device: translated.device,
    precision: translated.precision,
    scale: translated.scale,
    shownAs: translated.shownAs,
    stepsMs: limit.suspendedMs,
    decodeMs: decoded.ms,
    loadMs: translated.loadMs,
    translateMs: translated.ms,
    encodeMs: encoded.ms,
  };
}

function childOptions(
  options: ComputeWorkerOptions,
  progress: ReadonlyMap<string, (fraction: number) => void>,
): ChildOptions<ComputeListener> {
  return {
    entry: options.entry ?? compiledEntry(import.meta.url, './main.js'),
    name: 'compute worker',
    protocol: computeProtocol,
    handlers: {
      memoryStep: step => options.onMemoryStep?.(step),
      progress: ({ job, fraction }) => progress.get(job)?.(fraction),
    },
    onLine: options.onLine,
    // Inference blocks the worker's JavaScript thread: only the time limit of a job says when that is too long.
    unresponsiveAfterMs: 60_000,
  };
}

/** Plugins take pictures that are held in memory. */
function isChanged({ steps }: ComputeTask): boolean {
  return steps !== undefined && steps.before.length + steps.after.length > 0;
}

async function inTurn(steps: readonly PictureStep[] = [], exchange: PictureExchange): Promise<void> {
  for (const step of steps) await step(exchange);
}

/** A time limit that does not count what it is suspended for. */
class Deadline {
  readonly #endMs: number;
  #suspendedMs = 0;
  #suspendedSinceMs: number | undefined;

  /** @param timeoutMs from now; undefined: no limit */
  constructor(timeoutMs: number | undefined) {
    this.#endMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  }

  get leftMs(): number | undefined {
    if (this.#endMs === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(0, this.#endMs + this.#suspendedMs - (this.#suspendedSinceMs ?? performance.now()));
  }

  get suspendedMs(): number {
    return this.#suspendedMs;
  }

  async suspendedFor(work: () => Promise<void>): Promise<void> {
    const startMs = performance.now();
    this.#suspendedSinceMs = startMs;
    try {
      await work();
    } finally {
      this.#suspendedSinceMs = undefined;
      this.#suspendedMs += performance.now() - startMs;
    }
  }
}

function isTimeoutOrCancel(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === 'TIMED_OUT' || code === 'CANCELLED';
}
