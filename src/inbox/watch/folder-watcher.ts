/**
 * The seeing half of the inbox. Tells which files are there, again and again; what to make of a file it leaves to
 * whoever listens. Scans are the truth: at start, every so often, and whenever the watcher stumbles. Hints of a watch
 * backend only bring a look forward, and are trusted with nothing: silent, flooding, dying, they lose no file.
 *
 * A vanished inbox says nothing about its files; when it is back, or another is in its place, it is watched anew and
 * scanned.
 */
import { join } from 'node:path';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  Emitter,
  type Event,
  type RelativePath,
  systemClock,
} from '../../base/index.js';
import { FileProbe } from './file-probe.js';
import { RootGuard } from './root-guard.js';
import { scanFolder } from './scan.js';
import type { FoundFile } from './settle-gate.js';
import { isExhausted, type OpenWatchBackend, type WatchBackend } from './watch-backend.js';
import { chokidarFiles, chooseBackend } from './watch-choice.js';
import { openChokidar } from './watch-chokidar.js';

/** `events`: told of changes, and scanning now and then. `polling`: scanning often. `scans`: only when asked to. */
export type WatchMode = 'events' | 'polling' | 'scans';

export interface WatchStatus {
  readonly mode: WatchMode;
  /** False while the inbox folder has vanished. */
  readonly rootIsThere: boolean;
  /** Why it polls although it should be told of changes. */
  readonly degraded?: string | undefined;
}

export interface FolderWatcherOptions {
  /** The inbox, absolute. */
  readonly root: string;
  readonly mode: WatchMode;
  readonly fileProbe?: FileProbe | undefined;
  readonly isIgnored: (path: RelativePath) => boolean;
  /** The time between scans where changes are told of. */
  readonly rescanMs: number;
  /** The time between scans where they are not. */
  readonly pollMs: number;
  readonly clock?: Clock | undefined;
  /** Default: by the number of files. */
  readonly backend?: OpenWatchBackend | undefined;
  /** Files that are there now. What it throws is told as trouble; the files come again with the next scan. */
  readonly onFiles: (files: readonly FoundFile[]) => void;
  /** Paths that were hinted at and at which there is no file, though the inbox is there. */
  readonly onMissing: (paths: readonly RelativePath[]) => void;
  /** A name that the system tells and does not take back: the file cannot be opened. Told at each scan. */
  readonly onUnreadableName?: ((path: RelativePath, error: CycleboxError) => void) | undefined;
  /** A scan begins; what it returns is called when the scan has seen everything, and not when it could not. */
  readonly onScan?: (() => () => void) | undefined;
  /** Something that was under way has ended. */
  readonly onProgress?: (() => void) | undefined;
}

/** Hints that wait to be looked at; with more than these, everything is looked at. */
const hintLimit = 4096;
const lookSize = 256;
/** How long to wait for a watcher to be armed before scanning all the same. */
const armLimitMs = 5000;

export class FolderWatcher implements Disposable {
  readonly #options: FolderWatcherOptions;
  readonly #clock: Clock;
  readonly #guard: RootGuard;
  readonly #fileProbe: FileProbe;
  readonly #warnings = new Emitter<CycleboxError>();
  readonly #root = new Emitter<'gone' | 'back'>();
  readonly #hints = new Set<RelativePath>();
  /** What has been said, with the scan that last met it: said again only when a scan has not met it. */
  readonly #said = new Map<string, number>();
  readonly #closing = new AbortController();
  #rescanMs: number;
  #pollMs: number;
  #scans = 0;
  #backend: WatchBackend | undefined;
  /** Files hinted at since a backend for few files was chosen; undefined when there is none. */
  #arrivals: number | undefined;
  #degraded: string | undefined;
  #scanning: Promise<void> | undefined;
  #scanAgain = false;
  #looking: Promise<void> | undefined;
  #arming: Promise<void> | undefined;
  #timer: Disposable | undefined;
  #stumbleTimer: Disposable | undefined;

  constructor(options: FolderWatcherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#rescanMs = options.rescanMs;
    this.#pollMs = options.pollMs;
    this.#fileProbe = options.fileProbe ?? new FileProbe();
    this.#guard = new RootGuard({ root: options.root, clock: this.#clock });
    this.#guard.onGone(() => this.#onGone());
    this.#guard.onBack(() => this.#onBack());
  }

  readonly onWarning: Event<CycleboxError> = this.#warnings.event;

  /** `back` also when the inbox was replaced by another folder. */
  readonly onRoot: Event<'gone' | 'back'> = this.#root.event;

  get status(): WatchStatus {
    const degraded = this.#degraded;
    const mode = this.#isPolling ? 'polling' : this.#options.mode;
    return { mode, rootIsThere: this.#guard.isThere, ...(degraded !== undefined && { degraded }) };
  }

  /** Looks whether the inbox folder is there. */
  isThere(): Promise<boolean> {
    return this.#guard.check();
  }

  /** True while it scans or has hints to look at. */
  get isBusy(): boolean {
    return this.#scanning !== undefined || this.#looking !== undefined;
  }

  /** Resolves when the inbox is being watched, if it is to be, and has been scanned once. */
  async start(): Promise<void> {
    if (this.#options.mode === 'scans') await this.#guard.check();
    else await this.#guard.start();
    await this.#arm();
    await this.scan();
  }

  /** Looks at everything. Resolves when a scan that began now or later has ended. */
  scan(): Promise<void> {
    if (this.#scanning) this.#scanAgain = true;
    this.#scanning ??= this.#scanAll().finally(() => {
      this.#scanning = undefined;
      this.#scheduleScan();
      this.#options.onProgress?.();
    });
    return this.#scanning;
  }

  /** Looks at one path soon: a file, or a folder with everything in it. */
  look(path: RelativePath): void {
    if (this.#closed || (path !== '' && this.#options.isIgnored(path))) return;
    if (path === '' || this.#hints.size >= hintLimit) {
      this.#hints.clear();
      void this.scan();
      return;
    }
    this.#hints.add(path);
    this.#looking ??= this.#lookAtHints().finally(() => {
      this.#looking = undefined;
      this.#options.onProgress?.();
    });
  }

  /** Takes effect from the next scan on. */
  configure({ rescanMs, pollMs }: Pick<FolderWatcherOptions, 'rescanMs' | 'pollMs'>): void {
    this.#rescanMs = rescanMs;
    this.#pollMs = pollMs;
    if (!this.#scanning) this.#scheduleScan();
  }

  async dispose(): Promise<void> {
    this.#closing.abort();
    void this.#timer?.dispose();
    void this.#stumbleTimer?.dispose();
    this.#guard.dispose();
    this.#warnings.dispose();
    this.#root.dispose();
    this.#hints.clear();
    await Promise.all([this.#scanning, this.#looking, this.#arming]);
    await this.#disarm();
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  get #isPolling(): boolean {
    return this.#options.mode === 'polling' || this.#degraded !== undefined;
  }

  // Watching

  #arm(): Promise<void> {
    const before = this.#arming ?? Promise.resolve();
    this.#arming = before.then(() => this.#armNow()).catch(error => this.#stumbled(error));
    return this.#arming;
  }

  async #armNow(): Promise<void> {
    await this.#disarm();
    const { mode, root, isIgnored } = this.#options;
    if (this.#closed || mode !== 'events' || this.#degraded !== undefined || !this.#guard.isThere) return;
    const open = this.#options.backend ?? (await chooseBackend(root, isIgnored));
    if (this.#closed) return;
    this.#arrivals = this.#options.backend === undefined && open === openChokidar ? 0 : undefined;
    const backend = open({ root, isIgnored });
    this.#backend = backend;
    backend.onHint(path => this.look(path));
    backend.onWarning(error => this.#stumbled(error));
    await Promise.race([backend.ready, this.#elapsed(armLimitMs, backend.ready)]);
  }

  /** Resolves after `ms`, or when this watcher is closed; forgotten once `unless` has resolved. */
  #elapsed(ms: number, unless: Promise<void>): Promise<void> {
    return new Promise(resolve => {
      const timer = this.#clock.after(ms, resolve);
      void unless.then(() => timer.dispose());
      const close = () => {
        void timer.dispose();
        resolve();
      };
      this.#closing.signal.addEventListener('abort', close, { once: true });
    });
  }

  async #disarm(): Promise<void> {
    const backend = this.#backend;
    this.#backend = undefined;
    await backend?.dispose();
  }

  #stumbled(error: unknown): void {
    if (this.#closed) return;
    if (isExhausted(error)) this.#degrade(error as NodeJS.ErrnoException);
    else this.#say(`watcher: ${(error as Error).message}`, asCycleboxError(error, { file: this.#options.root }));
    this.#scanSoon();
  }

  #scanSoon(): void {
    this.#stumbleTimer ??= this.#clock.after(1000, () => {
      this.#stumbleTimer = undefined;
      void this.scan();
    });
  }

  #degrade({ code }: NodeJS.ErrnoException): void {
    if (this.#degraded !== undefined) return;
    const [limit, remedy] =
      code === 'ENOSPC' ? ['watches', 'fs.inotify.max_user_watches (sysctl)'] : ['open files', 'the limit (ulimit -n)'];
    const seconds = this.#pollMs / 1000;
    const message = `The system has no more ${limit} to give (${code}): ${this.#options.root} is looked at every ${seconds} s instead. Raise ${remedy} and start again.`;
    this.#degraded = message;
    this.#warnings.fire(new CycleboxError('WATCH_DEGRADED', message, { subject: { file: this.#options.root } }));
    void this.#disarm();
  }

  // The inbox folder itself

  #onGone(): void {
    const { root } = this.#options;
    const message = `The inbox ${root} has vanished. Its files are processed when it is back: create it again, or mount it.`;
    this.#warnings.fire(new CycleboxError('INBOX_GONE', message, { subject: { file: root } }));
    this.#root.fire('gone');
  }

  #onBack(): void {
    this.#said.clear();
    this.#root.fire('back');
    void this.#arm().then(() => (this.#closed ? undefined : this.scan()));
  }

  // Scanning

  async #scanAll(): Promise<void> {
    do {
      this.#scanAgain = false;
      await this.#scanOnce();
    } while (this.#scanAgain && !this.#closed);
  }

  async #scanOnce(): Promise<void> {
    if (this.#closed || !(await this.#guard.check())) return;
    this.#scans++;
    await this.#fileProbe.detectFileSystem(this.#options.root);
    const end = this.#options.onScan?.();
    const unreadable = new Set<string>();
    await this.#scanFrom('', unreadable);
    for (const [what, scan] of this.#said) if (scan < this.#scans) this.#said.delete(what);
    // Files that were not seen are only known to be gone when everything could be seen.
    if (this.#closed || unreadable.size > 0 || !(await this.#guard.check())) return;
    end?.();
  }

  async #scanFrom(from: RelativePath, unreadable: Set<string>): Promise<void> {
    const { root, isIgnored } = this.#options;
    const onFolder = (folder: RelativePath) => this.#backend?.watchFolder?.(folder);
    const onLink = (path: RelativePath) => this.#sayLink(path);
    const onUnreadable = (folder: RelativePath, cause: unknown) => {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
      unreadable.add(folder);
      this.#say(`folder: ${folder}`, asCycleboxError(cause, { file: join(root, folder) }, 'FILE_UNREADABLE'));
    };
    for await (const batch of scanFolder(root, { isIgnored, from, onFolder, onLink, onUnreadable })) {
      if (this.#closed) return;
      const { missing } = await this.#sightAll(batch);
      for (const path of missing.filter(path => path.includes('\ufffd'))) this.#sayUnreadableName(path);
    }
  }

  /** A name that is not UTF-8 cannot be said back to the system: the folder lists it, and no file has it. */
  #sayUnreadableName(path: RelativePath): void {
    const file = join(this.#options.root, path);
    const message = `${file} has a name that is not UTF-8 text, and cannot be opened: rename it`;
    const error = new CycleboxError('FILE_UNREADABLE', message, { subject: { file } });
    this.#say(`name: ${path}`, error);
    this.#options.onUnreadableName?.(path, error);
  }

  #sayLink(path: RelativePath): void {
    const file = join(this.#options.root, path);
    const message = `${file} is a link, and links in the inbox are not followed: put the file or folder itself there, or name its place as the inbox`;
    this.#say(`link: ${path}`, new CycleboxError('FILE_UNREADABLE', message, { subject: { file } }));
  }

  #scheduleScan(): void {
    void this.#timer?.dispose();
    if (this.#closed || this.#options.mode === 'scans') return;
    this.#timer = this.#clock.after(this.#isPolling ? this.#pollMs : this.#rescanMs, () => void this.scan());
  }

  // Looking

  async #lookAtHints(): Promise<void> {
    // Later, so that the hints of one moment are looked at together.
    await new Promise(resolve => setImmediate(resolve));
    let looked = 0;
    for (; this.#hints.size > 0 && !this.#closed; looked += lookSize) {
      const paths = [...this.#hints].slice(0, lookSize);
      for (const path of paths) this.#hints.delete(path);
      const { folders, missing } = await this.#sightAll(paths);
      this.#countArrivals(paths.length);
      for (const folder of folders) await this.#scanFrom(folder, new Set());
      if (missing.length > 0) await this.#miss(missing);
    }
    // So much at once may be more than the system kept for us.
    if (looked > hintLimit / 2 && !this.#closed) this.#scanSoon();
  }

  /** Chooses the backend anew when there may have come to be more files than it is for. */
  #countArrivals(count: number): void {
    if (this.#arrivals === undefined) return;
    this.#arrivals += count;
    if (this.#arrivals < chokidarFiles) return;
    this.#arrivals = undefined;
    void this.#arm().then(() => (this.#closed ? undefined : this.scan()));
  }

  /** What is at these paths; files are told of, the rest is returned. */
  async #sightAll(paths: readonly RelativePath[]): Promise<{ folders: RelativePath[]; missing: RelativePath[] }> {
    const { root, onFiles } = this.#options;
    const stats = await Promise.all(paths.map(path => this.#fileProbe.stat(join(root, path))));
    const files: FoundFile[] = [];
    const folders: RelativePath[] = [];
    const missing: RelativePath[] = [];
    for (const [index, stat] of stats.entries()) {
      const path = paths[index] as RelativePath;
      if (stat.kind === 'file') files.push({ path, identity: stat.identity, changed: stat.changed });
      else if (stat.kind === 'folder') folders.push(path);
      else if (stat.kind === 'nothing') missing.push(path);
      else this.#say(`file: ${path}`, asCycleboxError(stat.error, { file: join(root, path) }, 'FILE_UNREADABLE'));
    }
    if (files.length > 0 && !this.#closed) this.#tell(() => onFiles(files));
    return { folders, missing };
  }

  /** A file out of sight is only missing when the inbox is there. */
  async #miss(paths: readonly RelativePath[]): Promise<void> {
    if (!(await this.#guard.check()) || this.#closed) return;
    for (const path of paths) this.#backend?.forgetFolder?.(path);
    this.#tell(() => this.#options.onMissing(paths));
  }

  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#warnings.fire(asCycleboxError(error));
    }
  }

  #say(what: string, error: CycleboxError): void {
    const isNew = !this.#said.has(what) && this.#said.size < 1000;
    if (isNew || this.#said.has(what)) this.#said.set(what, this.#scans);
    if (isNew) this.#warnings.fire(error);
  }
}
