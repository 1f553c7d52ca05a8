/**
 * The compute workers, one on each device. An image goes to a device that is free, to one that has its model loaded
 * first. A device that fails is given a new process and another try; one that fails again and again, and fails its
 * self-test too, is passed over, and the others go on: at the last, the CPU.
 *
 * A job that comes in ends exactly once, whatever becomes of the devices meanwhile.
 */

import {
  asCycleboxError,
  type CycleboxError,
  type Disposable,
  Emitter,
  type Event,
  type MetadataPolicy,
} from '../../base/index.js';
import {
  chooseDevices,
  type Device,
  type EngineChoice,
  type Precision,
  type SkippedDevice,
} from '../../engine/index.js';
import type {
  ComputeModel,
  ComputeReport,
  ComputeTask,
  ComputeWorkerOptions,
  InspectReport,
  InspectTask,
  MemoryStep,
  PrefetchRequest,
} from '../../worker/index.js';
import { PoolMember, type WorkerFacts } from './pool-member.js';
import { type ChooseDevices, chooseCpu, memoryLimitOf, type ResolvedDevices, threadsOf } from './resolve-devices.js';
import { WorkerQueue } from './worker-queue.js';

export type WorkerEvent =
  /** What images are translated on from now on. */
  | { readonly type: 'devices'; readonly devices: readonly Device[]; readonly skipped: readonly SkippedDevice[] }
  /** Memory ran out on a device, and something was given up. */
  | { readonly type: 'memoryStep'; readonly step: MemoryStep }
  /** A device failed: its worker is ended, and the image tried again in a new one. */
  | {
      readonly type: 'deviceFailed';
      readonly device: EngineChoice;
      readonly source: string;
      readonly error: CycleboxError;
    }
  /** How far an image has come that is translated in several tiles, from 0 to 1; a few times a second at most. */
  | { readonly type: 'progress'; readonly device: EngineChoice; readonly source: string; readonly fraction: number }
  /** A device cannot run a model that others can: the model goes elsewhere from now on. */
  | { readonly type: 'modelMoved'; readonly device: EngineChoice; readonly model: string; readonly reason: string };

/** How models are run, on whichever device. */
export interface PoolSettings {
  readonly precision: Precision | 'auto';
  /** For each worker on the CPU. Undefined: they share what the machine has. */
  readonly threads: number | undefined;
  readonly maxMegapixels: number;
  readonly metadata?: MetadataPolicy | undefined;
  readonly processMemoryLimitBytes: number | undefined;
}

export interface WorkerPoolOptions {
  readonly devices: ResolvedDevices;
  readonly settings: PoolSettings;
  /** What holds for every worker. */
  readonly common: Omit<ComputeWorkerOptions, 'settings' | 'onMemoryStep' | 'processMemoryLimitBytes'>;
  readonly chooseDevices?: ChooseDevices | undefined;
}

/** So many failures in a row, in a new process each, are not chance. */
const maxFaults = 3;

export class WorkerPool implements Disposable {
  readonly #options: WorkerPoolOptions;
  readonly #choose: ChooseDevices;
  readonly #events = new Emitter<WorkerEvent>();
  readonly #waiting = new WorkerQueue<PoolMember>();
  /** No longer given jobs, until their processes have ended; each is ended when its last job has. */
  readonly #leaving = new Set<PoolMember>();
  #settings: PoolSettings;
  #skipped: readonly SkippedDevice[];
  #members: readonly PoolMember[] = [];
  #adding: Promise<void> | undefined;
  #disposed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#choose = options.chooseDevices ?? chooseDevices;
    this.#skipped = options.devices.skipped;
    this.#members = options.devices.devices.map(device => this.#open(device, options.devices.devices));
  }

  readonly onEvent: Event<WorkerEvent> = this.#events.event;

  /** Jobs that can run at a time. */
  get size(): number {
    return this.#members.length;
  }

  get devices(): readonly Device[] {
    return this.#members.map(({ device }) => device);
  }

  get skipped(): readonly SkippedDevice[] {
    return this.#skipped;
  }

  facts(): readonly WorkerFacts[] {
    return this.#members.map(member => member.facts);
  }

  /** Waits for a device. @throws what `ComputeWorker.run` does */
  async run(task: ComputeTask): Promise<ComputeReport> {
    for (;;) {
      const member = await this.#acquire(task);
      try {
        const report = await this.#runOn(member, task);
        if (report) return report;
      } finally {
        this.#release(member);
      }
    }
  }

  /** @returns undefined where nothing is decoded ahead: of several devices nobody knows which will be free first */
  prefetch(request: PrefetchRequest): Promise<void> | undefined {
    const [only, other] = this.#members;
    return other ? undefined : only?.prefetch(request);
  }

  /** Has whichever worker is free look at an image. @throws what `ComputeWorker.inspect` does */
  async inspect(task: InspectTask): Promise<InspectReport> {
    const member = await this.#acquire({ signal: task.signal });
    try {
      return await member.inspect(task);
    } finally {
      this.#release(member);
    }
  }

  /** From the next job on. Devices that were there before keep their workers; without `devices`, all do. */
  configure(settings: PoolSettings, devices?: ResolvedDevices): void {
    this.#settings = settings;
    if (devices) this.#replaceMembers(devices);
    else for (const member of this.#members) member.configure(this.#settingsOf(member.device, this.devices));
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#waiting.dispose();
    await Promise.all([...this.#members, ...this.#leaving].map(member => member.dispose()));
    this.#events.dispose();
  }

  #replaceMembers({ devices, skipped }: ResolvedDevices): void {
    this.#skipped = skipped;
    const old = [...this.#members];
    this.#members = devices.map(device => {
      const kept = old.findIndex(member => member.device.id === device.id && !member.isFallback);
      const [member] = kept < 0 ? [] : old.splice(kept, 1);
      member?.configure(this.#settingsOf(device, devices));
      return member ?? this.#open(device, devices);
    });
    for (const member of old) this.#retire(member);
    this.#changed();
  }

  /** Undefined: the job has to go to another device. */
  async #runOn(member: PoolMember, task: ComputeTask): Promise<ComputeReport | undefined> {
    for (;;) {
      try {
        return await member.run(task);
      } catch (error) {
        if (this.#disposed || !member.isDeviceFault(error)) throw error;
        const verdict = await this.#findCulprit(member, task, asCycleboxError(error));
        if (verdict === 'elsewhere') return undefined;
        if (verdict === 'own fault') throw error;
      }
    }
  }

  async #findCulprit(
    member: PoolMember,
    { model, source, signal }: ComputeTask,
    error: CycleboxError,
  ): Promise<'again' | 'elsewhere' | 'own fault'> {
    const { device } = member;
    // What cannot be had is not had in a new process either.
    member.faults = error.code === 'ENGINE_UNAVAILABLE' ? maxFaults : member.faults + 1;
    this.#events.fire({ type: 'deviceFailed', device: device.id, source, error });
    await member.restart();
    if (member.faults < maxFaults) return 'again';
    member.faults = 0;
    const fault = await this.#selfTestFault(device, signal);
    if (fault !== undefined) {
      await this.#skipDevice(member, model, `${error.message} Its self-test failed, too: ${fault}`);
      return 'elsewhere';
    }
    // The device is sound and has run this model: it is this image.
    if (member.hasWorked(model)) return 'own fault';
    member.markUnsupported(model, error.message);
    this.#events.fire({ type: 'modelMoved', device: device.id, model: model.path, reason: error.message });
    await this.#ensureMemberFor(model);
    return 'elsewhere';
  }

  /** In a process of its own; undefined when it passes. @throws CANCELLED by the signal, whatever the device does */
  async #selfTestFault(device: Device, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      const { devices } = await this.#choose(device.id, { signal });
      return devices.some(({ id }) => id === device.id) ? undefined : 'it is no longer found.';
    } catch (error) {
      if (signal?.aborted) throw error;
      return asCycleboxError(error).message;
    }
  }

  async #skipDevice(member: PoolMember, model: ComputeModel, reason: string): Promise<void> {
    if (!this.#members.includes(member)) return;
    this.#skipped = [...this.#skipped, { choice: member.device.id, reason, fault: true }];
    this.#members = this.#members.filter(one => one !== member);
    this.#retire(member);
    // What stood in for one model stands in for all.
    if (this.#members.every(one => one.isFallback)) for (const one of this.#members) one.isFallback = false;
    if (this.#hasMemberFor(model)) this.#changed();
    else await this.#ensureMemberFor(model);
  }

  #hasMemberFor(model: ComputeModel): boolean {
    return this.#members.some(member => member.supports(model));
  }

  /** The CPU stands in for a model that no device can run: one, however many ask for it meanwhile. */
  #ensureMemberFor(model: ComputeModel): Promise<void> {
    if (this.#disposed || this.#hasMemberFor(model)) return Promise.resolve();
    this.#adding ??= this.#addCpu(model).finally(() => {
      this.#adding = undefined;
      this.#changed();
    });
    return this.#adding;
  }

  async #addCpu(model: ComputeModel): Promise<void> {
    const device = await chooseCpu(this.#choose);
    // The configuration may have brought other devices meanwhile.
    if (this.#disposed || this.#hasMemberFor(model)) return;
    const isFallback = this.#members.length > 0;
    this.#members = [...this.#members, this.#open(device, [...this.devices, device], isFallback)];
  }

  #changed(): void {
    if (this.#disposed) return;
    this.#events.fire({ type: 'devices', devices: this.devices, skipped: this.#skipped });
    this.#serveWaiting();
  }

  #acquire(task: Partial<Pick<ComputeTask, 'model' | 'signal'>>): Promise<PoolMember> {
    const member = this.#waiting.acquire(task);
    this.#serveWaiting();
    return member;
  }

  #release(member: PoolMember): void {
    member.isTaken = false;
    if (this.#leaving.has(member)) this.#retire(member);
    this.#serveWaiting();
  }

  #serveWaiting(): void {
    this.#waiting.assign(model => {
      if (model) void this.#ensureMemberFor(model);
      const member = this.#freeFor(model);
      if (member) member.isTaken = true;
      return member;
    });
  }

  /** The one that has the model, else the one that has the fewest: the others' models stay loaded. */
  #freeFor(model: ComputeModel | undefined): PoolMember | undefined {
    const fit = this.#members.filter(member => !model || member.supports(model));
    const wanted = fit.some(member => !member.isFallback) ? fit.filter(member => !member.isFallback) : fit;
    const free = wanted.filter(member => !member.isTaken);
    return (
      free.find(member => model && member.hasLoaded(model)) ?? free.sort((a, b) => a.modelsLoaded - b.modelsLoaded)[0]
    );
  }

  #open(device: Device, devices: readonly Device[], isFallback = false): PoolMember {
    return new PoolMember({
      device,
      isFallback,
      common: this.#options.common,
      settings: this.#settingsOf(device, devices),
      onMemoryStep: step => this.#events.fire({ type: 'memoryStep', step }),
      onProgress: (source, fraction) => this.#events.fire({ type: 'progress', device: device.id, source, fraction }),
    });
  }

  #settingsOf(device: Device, devices: readonly Device[]): Partial<ComputeWorkerOptions> {
    const { precision, maxMegapixels, metadata, processMemoryLimitBytes } = this.#settings;
    const threads = this.#settings.threads ?? threadsOf(device, devices);
    // What a user wants of a GPU is no reason to refuse the CPU, nor the other way round.
    const elsewhere = device.kind === 'cpu' ? 'float16' : 'int8';
    const own = precision === elsewhere ? 'auto' : precision;
    const memoryLimitBytes = memoryLimitOf(device, devices);
    const settings = { engine: device.id, precision: own, maxMegapixels, metadata, threads, memoryLimitBytes };
    return { settings, processMemoryLimitBytes };
  }

  /** Whoever disposes of the pool waits for it, too. */
  #retire(member: PoolMember): void {
    this.#leaving.add(member);
    if (!member.isTaken) void member.dispose().finally(() => this.#leaving.delete(member));
  }
}
