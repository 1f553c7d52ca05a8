/**
 * Loaded models by the hash of their file: the least recently used goes when there are too many or when they are
 * estimated to hold too much memory. A model in use is never closed under its user.
 */
import { stat } from 'node:fs/promises';
import type { Disposable } from '../base/index.js';
import type { ComputeModel } from './compute-protocol.js';

export interface ModelCacheOptions<T> {
  readonly open: (model: ComputeModel) => Promise<T>;
  readonly maxModels: number;
  readonly maxBytes: number;
}

interface Entry<T> {
  readonly opened: Promise<T>;
  bytes: number;
  users: number;
}

/** Weights once in the file's form and once prepacked by the engine, plus the graph. An estimate, not a measurement. */
const memoryPerFileByte = 3;

export class ModelCache<T extends Disposable> implements Disposable {
  readonly #options: ModelCacheOptions<T>;
  /** In order of use: the first is the least recently used. */
  readonly #entries = new Map<string, Entry<T>>();

  constructor(options: ModelCacheOptions<T>) {
    this.#options = options;
  }

  get loaded(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Runs `use` with the model, loading it first if need be; it stays loaded while in use. */
  async use<R>(model: ComputeModel, use: (loaded: T, loadMs: number) => Promise<R>): Promise<R> {
    const known = this.#entries.get(model.sha256);
    const startMs = performance.now();
    const entry = known ?? (await this.#load(model));
    entry.users++;
    try {
      const loaded = await entry.opened;
      this.#touch(model.sha256, entry);
      await this.#evict();
      return await use(loaded, known ? 0 : performance.now() - startMs);
    } finally {
      entry.users--;
    }
  }

  /** Closes every model that nobody uses now. */
  async releaseIdle(): Promise<void> {
    const idle = [...this.#entries].filter(([, entry]) => entry.users === 0);
    for (const [sha256] of idle) this.#entries.delete(sha256);
    await Promise.all(idle.map(([, entry]) => close(entry)));
  }

  async dispose(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(close));
  }

  async #load(model: ComputeModel): Promise<Entry<T>> {
    const { size } = await stat(model.path);
    const raced = this.#entries.get(model.sha256);
    if (raced) return raced;
    const opened = this.#options.open(model);
    const entry: Entry<T> = { opened, bytes: size * memoryPerFileByte, users: 0 };
    this.#entries.set(model.sha256, entry);
    opened.catch(() => this.#entries.delete(model.sha256));
    return entry;
  }

  #touch(sha256: string, entry: Entry<T>): void {
    this.#entries.delete(sha256);
    this.#entries.set(sha256, entry);
  }

  async #evict(): Promise<void> {
    for (const [sha256, entry] of [...this.#entries]) {
      if (!this.#isOverfull()) return;
      if (entry.users > 0) continue;
      this.#entries.delete(sha256);
      await close(entry);
    }
  }

  #isOverfull(): boolean {
    const bytes = [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    return this.#entries.size > this.#options.maxModels || bytes > this.#options.maxBytes;
  }
}

async function close<T extends Disposable>(entry: Entry<T>): Promise<void> {
  const loaded = await entry.opened.catch(() => undefined);
  await loaded?.dispose();
}
