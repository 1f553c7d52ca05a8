/**
 * Holds a file back until its size, time of change and inode have stayed the same for a while, so that a copy under
 * way is not taken for an image. It never compares a file's time to the clock's: only to itself.
 *
 * A writer may stall for longer than that: for whoever finds a file undecodable, the gate remembers for a while how
 * long ago it last changed. All files wait equally long, so they wait in one line, and one timer serves them all.
 */
import {
  type Clock,
  type Disposable,
  Emitter,
  type Event,
  type FileIdentity,
  type RelativePath,
  systemClock,
} from '../../base/index.js';

/** A file as it was when it was looked at; whoever offers one to the gate may have more to say of it. */
export interface OfferedFile {
  readonly path: RelativePath;
  readonly identity: FileIdentity;
}

/** A file as a look at the inbox found it. */
export interface FoundFile extends OfferedFile {
  /** Its last change of any kind, as in `FileContent`. */
  readonly changed: string;
}

export interface SettleGateOptions {
  readonly settleMs: number;
  /** For how long after its last change that change is remembered. */
  readonly decodeGraceMs: number;
  /** The identity of a file now; undefined when it is gone. */
  readonly identify: (path: RelativePath) => Promise<FileIdentity | undefined>;
  readonly clock?: Clock | undefined;
}

interface Waiting<File> {
  /** As it was offered last. */
  file: File;
  readonly dueMs: number;
}

interface Version {
  readonly identity: FileIdentity;
  /** When the file was first seen as it is. */
  readonly sinceMs: number;
}

/** So many are taken into the journal in one transaction. */
const batchSize = 1024;

export class SettleGate<File extends OfferedFile = OfferedFile> implements Disposable {
  readonly #options: SettleGateOptions;
  readonly #clock: Clock;
  #settleMs: number;
  #graceMs: number;
  /** In order of falling due: a file that is set anew goes to the end. */
  readonly #waiting = new Map<RelativePath, Waiting<File>>();
  /** Files that changed less than the grace ago, oldest change first. */
  readonly #fresh = new Map<RelativePath, Version>();
  readonly #settled = new Emitter<readonly File[]>();
  #timer: Disposable | undefined;
  #checking = 0;
  #disposed = false;

  constructor(options: SettleGateOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#settleMs = options.settleMs;
    this.#graceMs = options.decodeGraceMs;
  }

  /** Files that have stayed as they are, with the identity that did not change. */
  readonly onSettled: Event<readonly File[]> = this.#settled.event;

  /** Files waiting or being checked. */
  get size(): number {
    return this.#waiting.size + this.#checking;
  }

  /** From the next file on; what waits already keeps its time. */
  configure({ settleMs, decodeGraceMs }: Pick<SettleGateOptions, 'settleMs' | 'decodeGraceMs'>): void {
    this.#settleMs = settleMs;
    this.#graceMs = decodeGraceMs;
  }

  /** Starts the wait of a file, or starts it anew when the file has changed since the last look. */
  offer(file: File): void {
    if (this.#disposed) return;
    const { path, identity } = file;
    const waiting = this.#waiting.get(path);
    if (waiting?.file.identity === identity) {
      waiting.file = file;
      return;
    }
    this.#noteChange(path, identity);
    this.#waiting.delete(path);
    this.#waiting.set(path, { file, dueMs: this.#clock.monotonicMs() + this.#settleMs });
    this.#arm();
  }

  /** How long ago a file was first seen as it is; undefined when that was longer ago than the decode grace. */
  unchangedForMs(path: RelativePath, identity: FileIdentity): number | undefined {
    const fresh = this.#fresh.get(path);
    if (fresh?.identity !== identity) return undefined;
    const agoMs = this.#clock.monotonicMs() - fresh.sinceMs;
    return agoMs < this.#graceMs ? agoMs : undefined;
  }

  drop(path: RelativePath): void {
    this.#waiting.delete(path);
    this.#fresh.delete(path);
  }

  dispose(): void {
    this.#disposed = true;
    this.#waiting.clear();
    this.#fresh.clear();
    void this.#timer?.dispose();
    this.#settled.dispose();
  }

  #noteChange(path: RelativePath, identity: FileIdentity): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [old, { sinceMs }] of this.#fresh) {
      if (nowMs - sinceMs < this.#graceMs) break;
      this.#fresh.delete(old);
    }
    if (this.#fresh.get(path)?.identity === identity) return;
    this.#fresh.delete(path);
    this.#fresh.set(path, { identity, sinceMs: nowMs });
  }

  #arm(): void {
    if (this.#timer || this.#checking > 0 || this.#disposed) return;
    const [first] = this.#waiting.values();
    if (!first) return;
    this.#timer = this.#clock.after(Math.max(0, first.dueMs - this.#clock.monotonicMs()), () => {
      this.#timer = undefined;
      void this.#check();
    });
  }

  async #check(): Promise<void> {
    const due = this.#takeDue();
    this.#checking = due.length;
    const found = await Promise.all(due.map(file => this.#recheck(file)));
    this.#checking = 0;
    if (this.#disposed) return;
    this.#arm();
    // Fired even when empty: files may have gone, and a listener may wait for the gate to be empty.
    this.#settled.fire(found.filter(file => file !== undefined));
  }

  #takeDue(): File[] {
    const nowMs = this.#clock.monotonicMs();
    const due: File[] = [];
    for (const { file, dueMs } of this.#waiting.values()) {
      if (dueMs > nowMs || due.length >= batchSize) break;
      due.push(file);
    }
    for (const { path } of due) this.#waiting.delete(path);
    return due;
  }

  async #recheck(file: File): Promise<File | undefined> {
    const identity = await this.#options.identify(file.path).catch(() => undefined);
    if (identity === file.identity) return file;
    if (identity !== undefined) this.offer({ ...file, identity });
    return undefined;
  }
}
