/**
 * One device of the pool with its worker: what it has loaded, what has gone wrong with it, and whose fault a failure
 * looks like. What to do about it, the pool decides. It runs one job at a time, which its owner sees to (`isTaken`).
 *
 * When the settings change, the next job gets a worker with the new ones; the old one goes when its job has ended.
 */
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { asCycleboxError, type Disposable } from '../../base/index.js';
import type { Device, EngineChoice } from '../../engine/index.js';
import {
  type ComputeModel,
  type ComputeReport,
  type ComputeStage,
  type ComputeTask,
  ComputeWorker,
  type ComputeWorkerOptions,
  defaultComputeSettings,
  type InspectReport,
  type InspectTask,
  type MemoryStep,
  type PrefetchRequest,
} from '../../worker/index.js';

/** Failures that may be the device's or its driver's, when they come while a network runs there. */
const deviceFaults: ReadonlySet<string> = new Set([
  'ENGINE_FAILED',
  'DEVICE_LOST',
  'ENGINE_UNAVAILABLE',
  'PROCESS_CRASHED',
]);

export interface PoolMemberOptions {
  readonly device: Device;
  /** True: only for models that no other device can run. */
  readonly isFallback: boolean;
  /** What holds for every worker. */
  readonly common: Omit<ComputeWorkerOptions, 'settings' | 'onMemoryStep'>;
  readonly settings: Partial<ComputeWorkerOptions>;
  readonly onMemoryStep: (step: MemoryStep) => void;
  readonly onProgress: (source: string, fraction: number) => void;
}

export interface WorkerFacts {
  readonly device: EngineChoice;
  readonly name: string;
  readonly kind: Device['kind'];
  /** Absent while it has no process: one starts with the first image. */
  readonly pid?: number | undefined;
  /** The image that it is at. */
  readonly source?: string | undefined;
  /** Hashes of the models that it has in memory, the most recently used last. */
  readonly models: readonly string[];
  /** How far that has come, from 0 to 1, where it is translated in several tiles. */
  readonly progress?: number | undefined;
  /** What was given up for want of memory: a sentence for each model, the latest step of each. */
  readonly memory: readonly string[];
  /** Models that it cannot run, which go elsewhere: a sentence for each. */
  readonly refused: readonly string[];
}

export class PoolMember implements Disposable {
  readonly device: Device;
  isFallback: boolean;
  readonly #common: Omit<ComputeWorkerOptions, 'settings'>;
  #settings: Partial<ComputeWorkerOptions>;
  /** Of the next job. */
  #worker: ComputeWorker;
  /** At a job: another than the next job's when the settings have changed meanwhile. */
  #busy: ComputeWorker | undefined;
  /** Those that are ending. */
  readonly #retired = new Set<ComputeWorker>();
  /** Hashes, the most recently used last. */
  #loaded: readonly string[] = [];
  /** Models that have worked here. */
  readonly #succeeded = new Set<string>();
  /** Models that never have, by hash, with a sentence that says why. */
  readonly #unsupported = new Map<string, string>();
  /** By model file: what was given up last for want of memory. The process forgets it when it ends, and so do we. */
  readonly #memory = new Map<string, MemoryStep>();
  #task: ComputeTask | undefined;
  #stage: ComputeStage = 'decode';
  #progress: number | undefined;
  readonly #onProgress: PoolMemberOptions['onProgress'];
  /** Set while a job has it. */
  isTaken = false;
  /** Failures in a row that look like the device's. */
  faults = 0;

  constructor({ device, isFallback, common, settings, onMemoryStep, onProgress }: PoolMemberOptions) {
    this.#onProgress = onProgress;
    this.device = device;
    this.isFallback = isFallback;
    const heard = (step: MemoryStep) => {
      this.#memory.set(step.model, step);
      onMemoryStep(step);
    };
    this.#common = { ...common, onMemoryStep: heard };
    this.#settings = settings;
    this.#worker = this.#open();
  }

  get facts(): WorkerFacts {
    const { id: device, name, kind } = this.device;
    const memory = [...this.#memory.values()].map(({ message }) => message);
    const refused = [...this.#unsupported.values()];
    return {
      device,
      name,
      kind,
      pid: this.#worker.pid,
      source: this.#task?.source,
      models: this.#loaded,
      progress: this.#progress,
      memory,
      refused,
    };
  }

  get modelsLoaded(): number {
    return this.#loaded.length;
  }

  hasLoaded({ sha256 }: ComputeModel): boolean {
    return this.#loaded.includes(sha256);
  }

  /** True unless it was found out that the device cannot run the model. */
  supports({ sha256 }: ComputeModel): boolean {
    return !this.#unsupported.has(sha256);
  }

  hasWorked({ sha256 }: ComputeModel): boolean {
    return this.#succeeded.has(sha256);
  }

  markUnsupported({ sha256, path }: ComputeModel, reason: string): void {
    this.#unsupported.set(sha256, `${basename(path)} is not run on ${this.device.id}: ${reason}`);
  }

  /** @throws what `ComputeWorker.run` does */
  async run(task: ComputeTask): Promise<ComputeReport> {
    const { sha256 } = task.model;
    this.#task = task;
    this.#stage = 'decode';
    this.#loaded = [...this.#loaded.filter(hash => hash !== sha256), sha256].slice(-defaultComputeSettings.maxModels);
    try {
      const onStage = (stage: ComputeStage) => {
        this.#stage = stage;
        task.onStage?.(stage);
      };
      const onProgress = (fraction: number) => {
        this.#progress = fraction;
        this.#onProgress(task.source, fraction);
      };
      const report = await this.#onWorker(worker => worker.run({ ...task, onStage, onProgress }));
      this.faults = 0;
      this.#succeeded.add(sha256);
      return report;
    } catch (error) {
      if (this.#worker.pid === undefined) this.#forget();
      throw error;
    } finally {
      this.#task = undefined;
      this.#progress = undefined;
    }
  }

  /** @returns undefined where nothing is decoded ahead. @throws what `ComputeWorker.prefetch` does */
  prefetch(request: PrefetchRequest): Promise<void> | undefined {
    return this.#worker.prefetch(request);
  }

  /** @throws what `ComputeWorker.inspect` does */
  async inspect(task: InspectTask): Promise<InspectReport> {
    return await this.#onWorker(worker => worker.inspect(task));
  }

  /** The CPU has no driver to fail: there, it is the image, the model or the program. */
  isDeviceFault(error: unknown): boolean {
    return this.device.id !== 'cpu' && this.#stage === 'translate' && deviceFaults.has(asCycleboxError(error).code);
  }

  /** Ends the process, whatever it is at; the next job gets a new one. */
  async restart(): Promise<void> {
    this.#forget();
    await this.#worker.restart();
  }

  /** A new start: what did not work before may. */
  configure(settings: Partial<ComputeWorkerOptions>): void {
    this.#unsupported.clear();
    this.faults = 0;
    if (isDeepStrictEqual(settings, this.#settings)) return;
    this.#settings = settings;
    this.#forget();
    const old = this.#worker;
    this.#worker = this.#open();
    if (old !== this.#busy) void this.#retire(old);
  }

  async dispose(): Promise<void> {
    const all = new Set([this.#worker, this.#busy, ...this.#retired]);
    await Promise.all([...all].map(worker => worker?.dispose()));
  }

  #open(): ComputeWorker {
    return new ComputeWorker({ ...this.#common, ...this.#settings });
  }

  async #onWorker<T>(work: (worker: ComputeWorker) => Promise<T>): Promise<T> {
    const worker = this.#worker;
    this.#busy = worker;
    try {
      return await work(worker);
    } finally {
      this.#busy = undefined;
      if (worker !== this.#worker) await this.#retire(worker);
    }
  }

  async #retire(worker: ComputeWorker): Promise<void> {
    this.#retired.add(worker);
    await worker.dispose();
    this.#retired.delete(worker);
  }

  /** What a process knew that is no longer asked. */
  #forget(): void {
    this.#loaded = [];
    this.#memory.clear();
  }
}
