/**
 * A folder that all machines see: workers read the inbox and write results beside the outbox's other files that are not outputs, from
 * where the watcher gives them their names. No image is copied; a model is, once, where a worker lacks it.
 */
import { copyFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  asCycleboxError,
  CycleboxError,
  copyRegularFile,
  makeFolder,
  readRegularText,
  sha256File,
  syncFolder,
  temporaryPathFor,
  undefinedIfGone,
  writeFileAtomic,
} from '../../base/index.js';
import {
  type AttemptFiles,
  stagedName,
  sweepAfterMs,
  tokenIn,
  type WatcherStore,
  type WorkerStore,
  type WorkFiles,
} from './job-store.js';
import { type ModelSet, type ModelSource, NotOffered, parseModelSet, requireSum } from './model-set.js';

export interface SharedFolders {
  /** Absolute, on this machine. */
  readonly inbox: string;
  readonly outbox: string;
}

/** Below the outbox, with what daemons share there. */
const stagedFolder = join('.cyclebox', 'staged');
const modelsFolder = join('.cyclebox', 'models');
/** In a model's folder, beside its files; none of theirs is called so. */
const listName = 'cyclebox-files.json';

export class SharedFolderStore implements WatcherStore, WorkerStore {
  readonly #inbox: string;
  readonly #staged: string;
  readonly #models: string;
  readonly name: string;
  readonly identity = 'folder';
  readonly copies = false;

  constructor({ inbox, outbox }: SharedFolders) {
    this.#inbox = inbox;
    this.#staged = join(outbox, stagedFolder);
    this.#models = join(outbox, modelsFolder);
    this.name = outbox;
  }

  async check(): Promise<void> {
    for (const folder of [this.#inbox, this.name]) await requireFolder(folder);
  }

  /** It lies where workers see it. */
  async offer(): Promise<void> {}

  async take(attempt: AttemptFiles, temporary: string): Promise<void> {
    try {
      await makeFolder(dirname(temporary));
      await rename(this.#resultOf(attempt), temporary);
    } catch (error) {
      throw asCycleboxError(error, { file: temporary }, 'WRITE_FAILED');
    }
  }

  async discard(attempt: AttemptFiles): Promise<void> {
    await rm(this.#resultOf(attempt), { force: true }).catch(() => {});
  }

  async sweep(isUnderWay: (token: string) => boolean): Promise<number> {
    let removed = 0;
    for (const name of await readdir(this.#staged).catch(() => [])) {
      const token = tokenIn(name);
      if (token === undefined || isUnderWay(token)) continue;
      const file = join(this.#staged, name);
      const status = await stat(file).catch(() => undefined);
      if (!status || Date.now() - status.mtimeMs < sweepAfterMs) continue;
      await rm(file, { force: true }).catch(() => {});
      removed++;
    }
    return removed;
  }

  async offerModel({ sha256, folder, files }: ModelSource): Promise<void> {
    const target = join(this.#models, sha256);
    if (await listOf(target)) return;
    const fresh = temporaryPathFor(target);
    try {
      await makeFolder(fresh);
      const set: { name: string; sha256: string }[] = [];
      for (const name of files) {
        await copyFile(join(folder, name), join(fresh, name));
        set.push({ name, sha256: await sha256File(join(fresh, name)) });
      }
      await writeFileAtomic(join(fresh, listName), JSON.stringify({ files: set } satisfies ModelSet));
      // Where another was quicker, there is one.
      await rename(fresh, target).catch(async error => {
        if (!(await listOf(target))) throw error;
      });
    } catch (error) {
      throw asCycleboxError(error, { file: target }, 'WRITE_FAILED');
    } finally {
      await rm(fresh, { recursive: true, force: true }).catch(() => {});
    }
  }

  async fetchModel(sha256: string, folder: string): Promise<string> {
    const from = join(this.#models, sha256);
    const text = await listOf(from);
    if (text === undefined) throw new NotOffered(sha256, this.#models);
    const { files } = parseModelSet(text, join(from, listName));
    for (const file of files) {
      const at = join(folder, file.name);
      await copyRegularFile(join(from, file.name), at).catch(error => {
        throw asCycleboxError(error, { file: at }, 'WRITE_FAILED');
      });
      await requireSum(file, at, sha256, this.#models);
    }
    return files[0]?.name ?? '';
  }

  async open(attempt: AttemptFiles): Promise<WorkFiles> {
    const result = this.#resultOf(attempt);
    return {
      root: this.#inbox,
      source: join(this.#inbox, attempt.path),
      result,
      deliver: () => syncFolder(this.#staged),
      dispose: () => {},
    };
  }

  dispose(): void {}

  #resultOf(attempt: AttemptFiles): string {
    return join(this.#staged, stagedName(attempt));
  }
}

/** The list of a model's files; undefined where it is not there. */
async function listOf(folder: string): Promise<string | undefined> {
  return await readRegularText(join(folder, listName)).catch(undefinedIfGone);
}

/** A share that is not mounted is not made anew in its place. @throws FILE_NOT_FOUND */
async function requireFolder(folder: string): Promise<void> {
  const isThere = await stat(folder).then(
    status => status.isDirectory(),
    () => false,
  );
  if (isThere) return;
  const message = `${folder} is not there: a worker needs the folders that the daemon has, mounted on this machine, or a "store" that both reach.`;
  throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: folder } });
}
