/**
 * What becomes of a source once its output is published: kept, archived, or deleted. A file is first taken out of
 * the way under a hidden name beside it, then looked at again, and only acted on when it is the very file that was read; a
 * newer one that came in between is put back. A note in the state folder makes each step repeatable after a crash.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, lstat, readdir, rm, utimes } from 'node:fs/promises';
import { basename, dirname, join, posix, relative, sep } from 'node:path';
import PQueue from 'p-queue';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  contentOf,
  type Disposable,
  type FileIdentity,
  FolderSwappedError,
  identify,
  inPinnedFolder,
  isSameIdentity,
  makeFolder,
  type NamingCalls,
  numbered,
  type RelativePath,
  readRegularText,
  requireApart,
  syncFile,
  syncFolder,
  systemClock,
  takeFreeName,
  temporaryPathFor,
  writeFileAtomic,
} from '../../base/index.js';
import { BackOff } from '../../process/index.js';
import { privateMode } from '../journal/index.js';
import { exists, haveSameContent } from './outbox-files.js';
import type { PublishedSource, SourceOutcome, SourcePolicy } from './publisher.js';

export interface SourceMoverOptions {
  readonly inbox: string;
  readonly state: string;
  readonly archive?: string | undefined;
  /** Stands in the hidden names. */
  readonly owner: string;
  readonly calls: NamingCalls;
  readonly clock: Clock;
  /** A source is no longer in the inbox, now or since an earlier try: what has its identity from now on is another file. */
  readonly onTaken: (source: TakenSource) => void | Promise<void>;
}

/** Moves that 0.1.0 noted do not say of which translation. */
export type TakenSource = Omit<PublishedSource, 'translation'> & { readonly translation?: string | undefined };

/** A move under way, as noted in the state folder. */
interface Move {
  /** Relative to the inbox, as is `taken`. */
  readonly path: RelativePath;
  readonly taken: RelativePath;
  readonly identity: FileIdentity;
  /** Undefined where 0.1.0 noted it. */
  readonly translation?: string | undefined;
  readonly policy: 'archive' | 'delete';
  /** Of the bytes that were read; undefined where 0.1.0 read them. */
  readonly sha256?: string | undefined;
}

const maxNumber = 100_000;

const patienceMs = 5000;

export class SourceMover implements Disposable {
  readonly #options: SourceMoverOptions;
  readonly #notes: string;
  readonly #queue = new PQueue({ concurrency: 4 });
  readonly #moving = new Map<RelativePath, Promise<SourceOutcome>>();
  /** Moves that could not be completed, by their note: tried again and again, each by itself. */
  readonly #stranded = new Map<string, Move>();
  readonly #backOff = new BackOff({ firstMs: 1000, maxMs: 60_000 });
  #retryTimer: Disposable | undefined;
  #isClosed = false;

  constructor(options: SourceMoverOptions) {
    this.#options = options;
    this.#notes = join(options.state, 'moving');
  }

  async afterSuccess(source: PublishedSource, policy: SourcePolicy, isLate: boolean): Promise<SourceOutcome> {
    if (policy === 'keep') return { kind: 'kept' };
    const underWay = this.#moving.get(source.path);
    if (underWay) return underWay;
    const moving = this.#queue
      .add(() => this.#move(source, policy), { priority: isLate ? 0 : 1 })
      .finally(() => this.#moving.delete(source.path));
    this.#moving.set(source.path, moving);
    return moving;
  }

  /** Completes the moves that were asked for, as many as can be in a few seconds; the rest is left to the next start. */
  async dispose(): Promise<void> {
    void this.#retryTimer?.dispose();
    this.#isClosed = true;
    const timer = systemClock.after(patienceMs, () => {
      this.#queue.pause();
      this.#queue.clear();
    });
    await this.#queue.onIdle();
    await timer.dispose();
  }

  /** Completes or takes back the moves that an earlier process left under way. */
  async recover(onWarning: (error: CycleboxError) => void): Promise<void> {
    for (const name of await readdir(this.#notes).catch(() => [])) {
      if (!name.endsWith('.json')) continue;
      const note = join(this.#notes, name);
      try {
        const move = JSON.parse(await readRegularText(note)) as Move;
        this.#stranded.set(note, move);
        await this.#finish(note, move);
      } catch (error) {
        onWarning(asCycleboxError(error, { file: note }, 'WRITE_FAILED'));
      }
    }
    this.#retryLater();
  }

  async #finish(note: string, move: Move): Promise<SourceOutcome> {
    const outcome = await this.#complete(move);
    // Before the note goes: a crash in between lets the next start say it.
    if (await this.#isTaken(move, outcome)) await this.#options.onTaken(move);
    await rm(note, { force: true });
    this.#stranded.delete(note);
    return outcome;
  }

  /** An earlier life may have got as far as this, and no further. */
  async #isTaken({ path, identity }: Move, { kind }: SourceOutcome): Promise<boolean> {
    if (kind === 'archived' || kind === 'deleted') return true;
    return !isSameIdentity(await identify(join(this.#options.inbox, path)), identity);
  }

  #retryLater(): void {
    if (this.#stranded.size === 0 || this.#retryTimer || this.#isClosed) return;
    this.#retryTimer = this.#options.clock.after(this.#backOff.next(), () => {
      this.#retryTimer = undefined;
      void this.#queue.add(() => this.#retry());
    });
  }

  /** Whoever asked for the move has heard already that it failed. */
  async #retry(): Promise<void> {
    for (const [note, move] of [...this.#stranded]) {
      await this.#finish(note, move).then(
        () => this.#backOff.reset(),
        () => {},
      );
    }
    this.#retryLater();
  }

  async #move(
    { path, identity, translation, content }: PublishedSource,
    policy: 'archive' | 'delete',
  ): Promise<SourceOutcome> {
    const file = join(this.#options.inbox, path);
    if (!isSameIdentity(await identify(file), identity)) return { kind: 'changed' };
    const taken = relative(this.#options.inbox, temporaryPathFor(file, this.#options.owner)).split(sep).join('/');
    const move: Move = { path, taken, identity, translation, policy, sha256: content?.sha256 };
    const note = join(this.#notes, `${createHash('sha256').update(taken).digest('hex').slice(0, 32)}.json`);
    let isBegun = false;
    try {
      await writeFileAtomic(note, JSON.stringify(move), privateMode);
      await this.#takeAside(path, basename(taken));
      isBegun = true;
      return await this.#finish(note, move);
    } catch (cause) {
      const isElsewhere = cause instanceof FolderSwappedError;
      if (isElsewhere) await rm(note, { force: true });
      if (isElsewhere) return { kind: 'changed' };
      if (isBegun || (await exists(join(this.#options.inbox, taken)).catch(() => true))) this.#stranded.set(note, move);
      else await rm(note, { force: true });
      const message = `${file} could not be ${policy === 'delete' ? 'deleted' : 'archived'} after its translation was published: ${(cause as Error).message}`;
      throw new CycleboxError('WRITE_FAILED', message, { subject: { file }, cause });
    } finally {
      this.#retryLater();
    }
  }

  /** A link in the place of a folder on the way leads to files that are not the inbox's. */
  async #takeAside(path: RelativePath, name: string): Promise<void> {
    const { inbox, calls } = this.#options;
    const folder = posix.dirname(path);
    const take = (at: string) => calls.rename(join(at, posix.basename(path)), join(at, name));
    const giveBack = async (at: string) => {
      await takeFreeName(join(at, name), join(at, posix.basename(path)), { calls });
    };
    await inPinnedFolder(inbox, folder === '.' ? '' : folder, take, giveBack);
  }

  async #complete(move: Move): Promise<SourceOutcome> {
    const taken = join(this.#options.inbox, move.taken);
    const identity = await identify(taken);
    if (identity === undefined) return { kind: 'changed' };
    if (!isSameIdentity(identity, move.identity) || !(await hasBytes(taken, move.sha256))) {
      await this.#putBack(move, taken);
      return { kind: 'changed' };
    }
    if (move.policy === 'archive') return { kind: 'archived', path: await this.#archive(move.path, taken) };
    await rm(taken);
    await syncFolder(dirname(taken));
    return { kind: 'deleted' };
  }

  async #putBack({ path }: Move, taken: string): Promise<void> {
    for (let number = 1; number <= maxNumber; number++) {
      const target = join(this.#options.inbox, numbered(path, number));
      if ((await takeFreeName(taken, target, { calls: this.#options.calls })) !== 'taken') return;
    }
    throw new CycleboxError('FILE_EXISTS', `${path} and ${maxNumber} numbered names beside it exist in the inbox`);
  }

  async #archive(path: RelativePath, taken: string): Promise<string> {
    const { archive } = this.#options;
    if (archive === undefined)
      throw new CycleboxError('CONFIG_INVALID', 'afterSuccess is "archive", but no archive folder is set.');
    await makeFolder(dirname(join(archive, path)));
    for (let number = 1; number <= maxNumber; number++) {
      const target = join(archive, numbered(path, number));
      if (!(await this.#moveTo(taken, target))) continue;
      await syncFolder(dirname(taken));
      return target;
    }
    throw new CycleboxError('FILE_EXISTS', `${path} and ${maxNumber} numbered names beside it exist in ${archive}`);
  }

  /** False when the name is taken by another content; with the same, the file is archived already. */
  async #moveTo(taken: string, target: string): Promise<boolean> {
    if (await exists(target)) {
      if (!(await haveSameContent(taken, target))) return false;
      await rm(taken);
      return true;
    }
    try {
      return (await takeFreeName(taken, target, { calls: this.#options.calls })) !== 'taken';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      return this.#copyTo(taken, target);
    }
  }

  /** Across file systems: the source goes only when its copy is on the disk. */
  async #copyTo(taken: string, target: string): Promise<boolean> {
    const copy = temporaryPathFor(target, this.#options.owner);
    try {
      const { atime, mtime } = await lstat(taken);
      await copyFile(taken, copy, constants.COPYFILE_EXCL);
      await utimes(copy, atime, mtime);
      await syncFile(copy);
      if ((await takeFreeName(copy, target, { calls: this.#options.calls })) === 'taken') return false;
      await rm(taken);
      return true;
    } finally {
      await rm(copy, { force: true });
    }
  }
}

/** Whether the bytes that were read are the bytes that are there: a file can be written anew and have its times set back. */
async function hasBytes(file: string, sha256: string | undefined): Promise<boolean> {
  return sha256 === undefined || (await contentOf(file)).sha256 === sha256;
}

/**
 * An archive must be named when it is used, and lie apart: inside the inbox it would be taken for new files.
 * @throws CONFIG_INVALID
 */
export async function checkArchive(options: {
  readonly inbox: string;
  readonly outbox: string;
  readonly archive?: string | undefined;
  readonly afterSuccess?: SourcePolicy | undefined;
}): Promise<void> {
  const { archive } = options;
  if (options.afterSuccess !== 'archive') return;
  if (archive === undefined)
    throw new CycleboxError('CONFIG_INVALID', 'afterSuccess is "archive": name the folder with "archive".');
  await makeFolder(archive);
  for (const name of ['inbox', 'outbox'] as const) await requireApart(name, options[name], 'archive', archive);
}
