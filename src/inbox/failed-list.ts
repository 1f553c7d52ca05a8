/**
 * `failed.json` beside the outbox: the files of the inbox that stand as failed, for people and scripts that know nothing
 * of the journal. Rewritten whole, a moment after something changed; there is no such file when nothing stands as failed.
 *
 * Schema (version 1), also in docs/inbox.md:
 *   { "version": 1, "updated": ISO time, "failures": [{ "path": relative to "inbox", "code", "message",
 *     "job": id, where there is one, "inbox", "outbox", "state": the daemon's folders }] }
 * Daemons with outboxes side by side share the file: each replaces its own entries, told by "state".
 */
import { access, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  asCycleboxError,
  type Clock,
  type CycleboxError,
  type Disposable,
  type FileIdentity,
  identify,
  type RelativePath,
  readRegularText,
  systemClock,
  writeFileAtomic,
} from '../base/index.js';
import { privateMode } from './journal/index.js';

export interface FailedEntry {
  readonly path: RelativePath;
  readonly error: CycleboxError;
  readonly job?: string | undefined;
}

export interface FailedListOptions {
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
  /** What stands as failed when the file is written. */
  readonly failures: () => Iterable<FailedEntry>;
  /** Told once of a file that cannot be written. */
  readonly onWarning: (error: CycleboxError) => void;
  readonly clock?: Clock | undefined;
  /** Default 500. */
  readonly delayMs?: number | undefined;
}

/** One failure as it stands in the file. */
export interface FailedRecord {
  readonly path: RelativePath;
  readonly code: string;
  readonly message: string;
  readonly job?: string | undefined;
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
}

export class FailedList implements Disposable {
  readonly #options: FailedListOptions;
  readonly #clock: Clock;
  #timer: Disposable | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasWarned = false;
  /** The file as this daemon last wrote it: as long as it is that file, it need not be read again. */
  #written: { readonly mark: FileIdentity | undefined; readonly others: readonly FailedRecord[] } | undefined;
  /** How long the last writing took. */
  #tookMs = 0;

  constructor(options: FailedListOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Beside the outbox; in the state folder when nothing can be written there. */
  get file(): string {
    return join(dirname(this.#options.outbox), 'failed.json');
  }

  /** Something has failed, or failed no longer. */
  touch(): void {
    // A list of many thousands that grows all the time is written ever less often.
    const delayMs = Math.max(this.#options.delayMs ?? 500, 20 * this.#tookMs);
    this.#timer ??= this.#clock.after(delayMs, () => void this.flush());
  }

  /** Writes the file now; never rejects. */
  flush(): Promise<void> {
    void this.#timer?.dispose();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write()).catch(error => this.#warn(error));
    return this.#writing;
  }

  /** Writes what is still to be written. */
  async dispose(): Promise<void> {
    if (this.#timer) await this.flush();
    await this.#writing;
  }

  async #write(): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    const own = [...this.#options.failures()].map(entry => this.#record(entry));
    try {
      await this.#rewrite(this.file, own);
    } catch (error) {
      await this.#rewrite(join(this.#options.state, 'failed.json'), own, privateMode);
      this.#warn(error);
    }
    this.#tookMs = this.#clock.monotonicMs() - startMs;
  }

  async #rewrite(file: string, own: readonly FailedRecord[], mode?: number): Promise<void> {
    const others = await this.#others(file);
    if (others.length + own.length === 0) return rm(file, { force: true });
    const failures = [...others, ...own];
    const list = { version: 1, updated: new Date(this.#clock.epochMs()).toISOString(), failures };
    await writeFileAtomic(file, `${JSON.stringify(list, undefined, 2)}\n`, mode);
    this.#written = { mark: await identify(file), others };
  }

  /** What other daemons wrote, as long as their state folders are there; a file that is not ours to read is replaced. */
  async #others(file: string): Promise<FailedRecord[]> {
    const isOwn = this.#written?.mark !== undefined && this.#written.mark === (await identify(file));
    const records = isOwn ? (this.#written?.others ?? []) : await readFailedList(file);
    const others: FailedRecord[] = [];
    for (const record of records) {
      if (record.state !== this.#options.state && (await isThere(record.state))) others.push(record);
    }
    return others;
  }

  #record({ path, error, job }: FailedEntry): FailedRecord {
    const { inbox, outbox, state } = this.#options;
    return { path, code: error.code, message: error.message, ...(job !== undefined && { job }), inbox, outbox, state };
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.onWarning(asCycleboxError(error, { file: this.file }, 'WRITE_FAILED'));
  }
}

/** The failures in a `failed.json`; none when it is not there or is something else. */
export async function readFailedList(file: string): Promise<readonly FailedRecord[]> {
  try {
    const list = JSON.parse(await readRegularText(file)) as { readonly failures?: unknown };
    return Array.isArray(list.failures) ? list.failures.filter(isRecord) : [];
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is FailedRecord {
  const record = value as Partial<Record<keyof FailedRecord, unknown>> | null;
  return typeof record?.path === 'string' && typeof record.state === 'string';
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
