/**
 * Models that a worker has fetched, in a folder of its own, each under its hash. What is there is held against its hash before it is
 * used for the first time and whenever it has changed since; what is damaged is fetched again. Those that were not used for the longest
 * time go when there is too much. Several workers of a machine may share the folder.
 */
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import {
  asCycleboxError,
  CycleboxError,
  isTemporaryName,
  makeFolder,
  readRegularText,
  temporaryPathFor,
  undefinedIfGone,
  writeFileAtomic,
} from '../../base/index.js';
import type { WorkerStore } from './job-store.js';

export interface ModelCacheOptions {
  /** Absolute; made when something is fetched. */
  readonly folder: string;
  /** More than that is kept only while it is in use. */
  readonly maxBytes: number;
  readonly store: Pick<WorkerStore, 'fetchModel' | 'name'>;
  /** The hash of the model that a file opens. @throws as for a file that is none */
  readonly sumOf: (path: string) => Promise<string>;
  readonly onFetched?: ((model: FetchedModel) => void) | undefined;
}

export interface FetchedModel {
  readonly sha256: string;
  readonly bytes: number;
  readonly ms: number;
}

/** Beside a model's files: the name of the one that opens it. Its time of writing is when the model was last used. */
const mainName = 'cyclebox-main';

const abandonedAfterMs = 86_400_000;

interface Known {
  readonly path: string;
  /** Of its files, as it was when its hash was taken. */
  readonly mark: string;
}

export class ModelCache {
  readonly #options: ModelCacheOptions;
  readonly #known = new Map<string, Known>();
  readonly #fetching = new Map<string, Promise<string>>();

  constructor(options: ModelCacheOptions) {
    this.#options = options;
  }

  /**
   * The file that opens the model, absolute; fetched unless it is there. Who asks while it is being fetched waits for that.
   * @throws NotOffered, MODEL_HASH_MISMATCH, WRITE_FAILED, STORE_UNAVAILABLE
   */
  get(sha256: string): Promise<string> {
    const under = this.#fetching.get(sha256);
    if (under) return under;
    const getting = this.#get(sha256).finally(() => this.#fetching.delete(sha256));
    this.#fetching.set(sha256, getting);
    return getting;
  }

  async #get(sha256: string): Promise<string> {
    const folder = join(this.#options.folder, sha256);
    const path = (await this.#intact(sha256, folder)) ?? (await this.#fetch(sha256, folder));
    const now = new Date();
    await utimes(join(folder, mainName), now, now).catch(() => {});
    return path;
  }

  /** The file, if it is there and what it should be. */
  async #intact(sha256: string, folder: string): Promise<string | undefined> {
    const main = await readRegularText(join(folder, mainName)).catch(undefinedIfGone);
    if (main === undefined) return undefined;
    const path = join(folder, main);
    const mark = await markOf(folder);
    if (this.#known.get(sha256)?.mark === mark) return path;
    const sum = await this.#options.sumOf(path).catch(() => undefined);
    if (sum !== sha256) return undefined;
    this.#known.set(sha256, { path, mark });
    return path;
  }

  async #fetch(sha256: string, folder: string): Promise<string> {
    const { store, sumOf, onFetched } = this.#options;
    const startMs = performance.now();
    const fresh = temporaryPathFor(folder);
    try {
      await makeFolder(fresh);
      const main = await store.fetchModel(sha256, fresh);
      const sum = await sumOf(join(fresh, main));
      if (sum !== sha256) throw another(sha256, sum, store.name);
      const bytes = await bytesIn(fresh);
      await writeFileAtomic(join(fresh, mainName), main);
      await this.#makeRoom(bytes, sha256);
      await rm(folder, { recursive: true, force: true });
      await rename(fresh, folder).catch(error => this.#another(folder, error));
      const path = join(folder, main);
      this.#known.set(sha256, { path, mark: await markOf(folder) });
      onFetched?.({ sha256, bytes, ms: performance.now() - startMs });
      return path;
    } catch (error) {
      throw error instanceof CycleboxError ? error : asCycleboxError(error, { file: folder }, 'WRITE_FAILED');
    } finally {
      await rm(fresh, { recursive: true, force: true }).catch(() => {});
    }
  }

  /** Another worker of this machine may have put the same there meanwhile. */
  async #another(folder: string, error: unknown): Promise<void> {
    if ((await stat(join(folder, mainName)).catch(() => undefined)) === undefined) throw error;
  }

  /** Removes the models that were not used for the longest time, until there is room for so much. */
  async #makeRoom(bytes: number, except: string): Promise<void> {
    const { folder, maxBytes } = this.#options;
    const kept: { readonly path: string; readonly bytes: number; readonly usedMs: number }[] = [];
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      if (isTemporaryName(name)) {
        await removeAbandoned(path);
        continue;
      }
      const used = await stat(join(path, mainName)).catch(() => undefined);
      if (used && name !== except) kept.push({ path, bytes: await bytesIn(path), usedMs: used.mtimeMs });
    }
    kept.sort((a, b) => a.usedMs - b.usedMs);
    let whole = kept.reduce((sum, one) => sum + one.bytes, bytes);
    for (const one of kept) {
      if (whole <= maxBytes) return;
      await rm(one.path, { recursive: true, force: true }).catch(() => {});
      whole -= one.bytes;
    }
  }
}

/** What a worker that was killed had begun to fetch. */
async function removeAbandoned(path: string): Promise<void> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  if (Date.now() - mtimeMs > abandonedAfterMs) await rm(path, { recursive: true, force: true }).catch(() => {});
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}

/** The same as long as nobody has written to its files. */
async function markOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter(name => name !== mainName).sort();
  const marks = await Promise.all(
    names.map(async name => {
      const { ino, size, mtimeNs, ctimeNs } = await stat(join(folder, name), { bigint: true });
      return `${name}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
    }),
  );
  return marks.join('\n');
}

function another(sha256: string, found: string, where: string): CycleboxError {
  const message = `What ${where} has as the model ${sha256} has the SHA-256 ${found}: it is damaged there. Remove it, and it is offered again.`;
  return new CycleboxError('MODEL_HASH_MISMATCH', message);
}
