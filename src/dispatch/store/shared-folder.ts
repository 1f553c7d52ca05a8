/**
 * A folder that all machines see: workers read the inbox and write results beside the outbox's other files that are not outputs, from
 * where the watcher gives them their names. Nothing is copied.
 */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asCycleboxError, makeFolder, syncFolder } from '../../base/index.js';
import {
  type AttemptFiles,
  stagedName,
  sweepAfterMs,
  tokenIn,
  type WatcherStore,
  type WorkerStore,
  type WorkFiles,
} from './job-store.js';

export interface SharedFolders {
  /** Absolute, on this machine. */
  readonly inbox: string;
  readonly outbox: string;
}

/** Below the outbox, with what daemons share there. */
const stagedFolder = join('.cyclebox', 'staged');

export class SharedFolderStore implements WatcherStore, WorkerStore {
  readonly #inbox: string;
  readonly #staged: string;
  readonly name: string;

  constructor({ inbox, outbox }: SharedFolders) {
    this.#inbox = inbox;
    this.#staged = join(outbox, stagedFolder);
    this.name = outbox;
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

  async open(attempt: AttemptFiles): Promise<WorkFiles> {
    const result = this.#resultOf(attempt);
    return {
      root: this.#inbox,
      source: join(this.#inbox, attempt.path),
      result,
      isCopy: false,
      deliver: () => syncFolder(this.#staged),
      dispose: () => {},
    };
  }

  dispose(): void {}

  #resultOf(attempt: AttemptFiles): string {
    return join(this.#staged, stagedName(attempt));
  }
}
