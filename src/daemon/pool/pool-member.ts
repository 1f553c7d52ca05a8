/**
 * One device of the pool with its worker: what it has loaded, what has gone wrong with it, and whose fault a failure
 * looks like. What to do about it, the pool decides.
 */
import { basename } from 'node:path';
import { asCycleboxError, type Disposable } from '../../base/index.js';
import type { Device } from '../../engine/index.js';
import {
  type ComputeModel,
  type ComputeReport,
  type ComputeStage,
  type ComputeTask,
  type ComputeWorkerOptions,
  defaultComputeSettings,
  type MemoryStep,
} from '../../worker/index.js';
import { WorkerSlot } from './worker-slot.js';

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
}

export class PoolMember implements Disposable {
  readonly device: Device;
  isFallback: boolean;
  readonly #slot: WorkerSlot;
  /** Hashes, the most recently used last. */
  #loaded: readonly string[] = [];
  /** Models that have worked here. */
  readonly #proven = new Set<string>();
  /** Models that never have, by hash, with a sentence that says why. */
  readonly #unfit = new Map<string, string>();
  /** By model file: what was given up last for want of memory. The process forgets it when it ends, and so do we. */
  readonly #memory = new Map<string, MemoryStep>();
  #task: ComputeTask | undefined;
  #stage: ComputeStage = 'decode';
  /** Set while a job has it. */
  isTaken = false;
  /** Failures in a row that look like the device's. */
  faults = 0;

  constructor({ device, isFallback, common, settings, onMemoryStep }: PoolMemberOptions) {
    this.device = device;
    this.isFallback = isFallback;
    const heard = (step: MemoryStep) => {
      this.#memory.set(step.model, step);
      onMemoryStep(step);
    };
    this.#slot = new WorkerSlot({ ...common, onMemoryStep: heard }, settings);
  }

  get pid(): number | undefined {
    return this.#slot.pid;
  }

  /** The image that it is at. */
  get source(): string | undefined {
    return this.#task?.source;
  }

  get modelsLoaded(): number {
    return this.#loaded.length;
  }

  /** What was given up for want of memory, the latest step of each model. */
  get memorySteps(): readonly MemoryStep[] {
    return [...this.#memory.values()];
  }

  /** A sentence for each model that was refused. */
  get refused(): readonly string[] {
    return [...this.#unfit.values()];
  }

  hasLoaded({ sha256 }: ComputeModel): boolean {
    return this.#loaded.includes(sha256);
  }

  /** True unless it was found out that the device cannot run the model. */
  fits({ sha256 }: ComputeModel): boolean {
    return !this.#unfit.has(sha256);
  }

  hasWorked({ sha256 }: ComputeModel): boolean {
    return this.#proven.has(sha256);
  }

  refuse({ sha256, path }: ComputeModel, reason: string): void {
    this.#unfit.set(sha256, `${basename(path)} is not run on ${this.device.id}: ${reason}`);
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
      };
      const report = await this.#slot.run({ ...task, onStage });
      this.faults = 0;
      this.#proven.add(sha256);
      return report;
    } catch (error) {
      if (this.pid === undefined) this.#forget();
      throw error;
    } finally {
      this.#task = undefined;
    }
  }

  /** The processor has no driver to fail: there, it is the image, the model or the program. */
  isSuspect(error: unknown): boolean {
    return this.device.id !== 'cpu' && this.#stage === 'translate' && deviceFaults.has(asCycleboxError(error).code);
  }

  async restart(): Promise<void> {
    this.#forget();
    await this.#slot.restart();
  }

  /** A new start: what did not work before may. */
  configure(settings: Partial<ComputeWorkerOptions>): void {
    this.#unfit.clear();
    this.faults = 0;
    if (this.#slot.configure(settings)) this.#forget();
  }

  dispose(): Promise<void> {
    return this.#slot.dispose();
  }

  /** What a process knew that is no longer asked. */
  #forget(): void {
    this.#loaded = [];
    this.#memory.clear();
  }
}
