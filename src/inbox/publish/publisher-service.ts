/**
 * The publisher: names, collisions and crashes. One publishing at a time holds the outbox's ledger, within this
 * process and between daemons, so that looking for a name and taking it are one step.
 *
 * The order of the steps of one job, and what is found and done after a crash behind each (docs/inbox.md has the table):
 *   temporary written and flushed → journal: publishing, name and mark → linked → folder flushed → temporary removed
 *   → ledger → journal: done → source kept, archived or deleted.
 */
import { rm } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  contentOf,
  type Disposable,
  DisposableStore,
  FolderSwappedError,
  faultPoint,
  findLinkedFolder,
  identify,
  inPinnedFolder,
  isSameButInode,
  makeFolder,
  type NamingCalls,
  numbered,
  type RelativePath,
  removeReservation,
  replaceName,
  SameFolder,
  syncFolder,
  systemClock,
  systemNaming,
  takeFreeName,
  temporaryPathFor,
} from '../../base/index.js';
import { exists, haveSameContent, identityOf, isSameFile } from './outbox-files.js';
import { type KnownPublication, type OldPublication, OutboxLedger } from './outbox-ledger.js';
import { isShared, probeLinks } from './outbox-probe.js';
import { isNumberOf } from './output-names.js';
import type {
  AfterSuccess,
  CollisionPolicy,
  InterruptedPublishing,
  OutputIdentity,
  PublishedBefore,
  PublishedSource,
  Publisher,
  PublisherStatus,
  PublishRequest,
  PublishResult,
  SourceOutcome,
  SourcePolicy,
} from './publisher.js';
import { checkArchive, SourceMover, type TakenSource } from './source-policy.js';
import { claimOwner, type Owner, sweepFolder } from './sweep.js';

export interface PublisherOptions {
  /** Absolute, all of them. */
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
  readonly onCollision: CollisionPolicy;
  readonly afterSuccess: SourcePolicy;
  /** Where `archive` moves sources to; apart from inbox and outbox. */
  readonly archive?: string | undefined;
  readonly clock?: Clock | undefined;
  /** A source has been taken out of the inbox, perhaps long after it was asked for: its identity is to be forgotten. */
  readonly onSourceTaken?: ((source: TakenSource) => void) | undefined;
  /** What other file systems do in place of link and rename; for tests. */
  readonly calls?: NamingCalls | undefined;
}

/** The hidden folder in the outbox that its daemons share. */
export const sharedFolderName = '.cyclebox';

/** The worker of a daemon that was killed may still finish a file after the first sweep. */
const secondSweepMs = 20_000;

const maxNumber = 1_000_000;

/**
 * Never fails because the outbox cannot be written just now: `probe` and `publish` do.
 * @throws CONFIG_INVALID when the archive is missing or does not lie apart from inbox and outbox
 */
export async function openPublisher(options: PublisherOptions): Promise<Publisher> {
  await checkArchive(options);
  const publisher = new OutboxPublisher(options, await claimOwner(options.state, sharedFolder(options.outbox)));
  await publisher.probe().catch(() => {});
  return publisher;
}

function sharedFolder(outbox: string): string {
  return join(outbox, sharedFolderName);
}

/** What is known of one publishing on its way. */
interface Placing {
  readonly request: PublishRequest;
  readonly policy: CollisionPolicy;
  readonly mark: OutputIdentity;
}

class OutboxPublisher implements Publisher {
  readonly #options: PublisherOptions;
  readonly #owner: Owner;
  readonly #calls: NamingCalls;
  readonly #mover: SourceMover;
  readonly #outbox: SameFolder;
  readonly #archive: SameFolder | undefined;
  /** Its folders are known: another in their place is not theirs. */
  #isOpen = false;
  readonly #opened = new DisposableStore();
  /** The last number given for a name, so that a thousand equal names do not ask a thousand times a thousand. */
  readonly #lastNumbers = new Map<RelativePath, number>();
  #ledger: OutboxLedger | undefined;
  #ledgerFault = '';
  #hasLinks = true;
  #secondSweep: Disposable | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PublisherOptions, owner: Owner) {
    this.#options = options;
    this.#owner = this.#opened.add(owner);
    this.#calls = options.calls ?? systemNaming;
    this.#outbox = new SameFolder(options.outbox, 'outbox');
    this.#archive = options.archive === undefined ? undefined : new SameFolder(options.archive, 'archive');
    this.#mover = new SourceMover({
      ...options,
      clock: options.clock ?? systemClock,
      owner: owner.tag,
      calls: this.#calls,
      onTaken: source => this.#taken(source),
    });
  }

  get status(): PublisherStatus {
    const warnings = [
      ...(this.#hasLinks
        ? []
        : [`${this.#options.outbox} does not support hard links: each output appears as an empty file for a moment.`]),
      ...(this.#ledger
        ? []
        : [
            `no ledger can be kept in ${sharedFolder(this.#options.outbox)} (${this.#ledgerFault}): another daemon with this outbox would not be noticed.`,
          ]),
    ];
    return { hasLinks: this.#hasLinks, hasLedger: this.#ledger !== undefined, warnings };
  }

  async requireFolders(output?: RelativePath): Promise<void> {
    await this.#outbox.require();
    if (output !== undefined) await this.#requireNoLink(output);
    if (this.#options.afterSuccess === 'archive') await this.#archive?.require();
  }

  async probe(): Promise<PublisherStatus> {
    if (this.#isOpen) await this.requireFolders();
    const folder = sharedFolder(this.#options.outbox);
    try {
      this.#hasLinks = await probeLinks(folder, this.#owner.tag, this.#calls);
    } catch (error) {
      const message = `Nothing can be written to ${this.#options.outbox}: ${(error as Error).message}`;
      this.#ledgerFault ||= message;
      throw new CycleboxError('WRITE_FAILED', message, { subject: { file: this.#options.outbox }, cause: error });
    }
    this.#isOpen = true;
    await this.requireFolders();
    await this.#openLedger(folder);
    return this.status;
  }

  temporaryFor(path: RelativePath): string {
    return temporaryPathFor(join(this.#options.outbox, path), this.#owner.tag);
  }

  async publishedBefore(source: PublishedSource): Promise<PublishedBefore | undefined> {
    const known = this.#known(source);
    if (known?.sha256 === undefined) return known && { output: known.output };
    const content = await contentOf(join(this.#options.inbox, source.path)).catch(() => undefined);
    return content?.sha256 === known.sha256 ? { output: known.output, content } : undefined;
  }

  async adopt(sources: readonly PublishedSource[]): Promise<void> {
    await this.#inTurn(async () => {
      for (const source of sources) this.#ledger?.adopt(source);
    });
  }

  async forgetSource(source: PublishedSource): Promise<void> {
    await this.#inTurn(async () => this.#ledger?.forgetSource(source));
  }

  publish(request: PublishRequest): Promise<PublishResult> {
    return this.#inTurn(async () => {
      const before = request.redo ? undefined : this.#knownOf(request);
      const result: PublishResult = before
        ? { kind: 'elsewhere', output: before.output }
        : await this.#placeIfThere(request);
      await rm(request.temporary, { force: true });
      return result;
    }).catch(error => {
      throw asCycleboxError(error, { file: join(this.#options.outbox, request.wanted) }, 'WRITE_FAILED');
    });
  }

  async recover(job: InterruptedPublishing): Promise<RelativePath | undefined> {
    const output = await this.#inTurn(() => this.#findInterrupted(job));
    if (job.temporary !== undefined) await rm(job.temporary, { force: true });
    return output;
  }

  async afterSuccess(source: PublishedSource, { policy, isLate = false }: AfterSuccess = {}): Promise<SourceOutcome> {
    const how = policy ?? this.#options.afterSuccess;
    if (how !== 'keep') await this.requireFolders();
    return this.#mover.afterSuccess(source, how, isLate);
  }

  async #taken({ translation, ...source }: TakenSource): Promise<void> {
    if (translation !== undefined) await this.forgetSource({ ...source, translation }).catch(() => {});
    this.#options.onSourceTaken?.(source);
  }

  async sweep(onWarning: (error: CycleboxError) => void = () => {}): Promise<number> {
    await this.#mover.recover(onWarning);
    this.#secondSweep ??= (this.#options.clock ?? systemClock).after(secondSweepMs, () => {
      this.#secondSweep = undefined;
      void sweepFolder(this.#options.outbox, this.#owner, onWarning);
    });
    return sweepFolder(this.#options.outbox, this.#owner, onWarning);
  }

  async forget(beforeMs: number): Promise<number> {
    let forgotten = 0;
    for (let after = 0, more = true; more; ) {
      const old = this.#ledger?.olderThan(beforeMs, after, 256) ?? [];
      more = old.length === 256;
      after = old.at(-1)?.number ?? after;
      const gone = await this.#goneSources(old);
      if (gone.length > 0) await this.#inTurn(async () => this.#ledger?.forget(gone));
      forgotten += gone.length;
    }
    return forgotten;
  }

  async dispose(): Promise<void> {
    void this.#secondSweep?.dispose();
    await this.#mover.dispose();
    await this.#turn;
    this.#ledger?.dispose();
    await this.#opened.dispose();
  }

  async #openLedger(folder: string): Promise<void> {
    if (this.#ledger?.isThere) return;
    this.#ledger?.dispose();
    this.#ledger = undefined;
    try {
      const file = join(folder, 'published.sqlite');
      this.#ledger = OutboxLedger.open(file, await isShared(folder), this.#options.clock);
    } catch (error) {
      this.#ledgerFault = (error as Error).message;
    }
  }

  async #goneSources(old: readonly OldPublication[]): Promise<readonly number[]> {
    const gone: number[] = [];
    for (const { number, path, identity, output } of old) {
      // Or its next version would not find what it is to replace.
      if (this.#options.onCollision === 'update' && (await exists(join(this.#options.outbox, output)))) continue;
      const now = await identify(join(this.#options.inbox, path)).catch(() => identity);
      if (!isSameButInode(now, identity)) gone.push(number);
    }
    return gone;
  }

  /** A ledger that cannot be read knows nothing. */
  #known(source: PublishedSource): KnownPublication | undefined {
    try {
      return this.#ledger?.find(source);
    } catch {
      return undefined;
    }
  }

  async #requireNoLink(output: RelativePath): Promise<void> {
    const folder = await findLinkedFolder(this.#options.outbox, output);
    if (folder !== undefined) throw this.#linkRefusal(folder);
  }

  #linkRefusal(folder: RelativePath): CycleboxError {
    const file = join(this.#options.outbox, folder);
    const message = `${file} is a link: outputs are only written below the outbox itself. Put a folder in its place.`;
    return new CycleboxError('WRITE_FAILED', message, { subject: { file } });
  }

  /** The same, unless another content was read by now. */
  #knownOf(source: PublishedSource): KnownPublication | undefined {
    const known = this.#known(source);
    const [then, now] = [known?.sha256, source.content?.sha256];
    const isUnsaid = then === undefined || now === undefined;
    return then === now || (isUnsaid && !known?.isOnlyLikely) ? known : undefined;
  }

  /**
   * Looked at in this daemon's turn: one that published the source before may have taken it away, and forgotten it.
   */
  async #placeIfThere(request: PublishRequest): Promise<PublishResult> {
    const { path, identity } = request;
    await this.requireFolders(request.wanted);
    await makeFolder(join(this.#options.outbox, posix.dirname(request.wanted)));
    const now = await identify(join(this.#options.inbox, path)).catch(() => identity);
    return isSameButInode(now, identity) ? this.#place(request) : { kind: 'source-gone' };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(() => (this.#ledger ? this.#ledger.exclusively(work) : work()));
    this.#turn = next.catch(() => {});
    return next;
  }

  async #place(request: PublishRequest): Promise<PublishResult> {
    const mark = await identityOf(request.temporary);
    if (mark === undefined) throw new CycleboxError('WRITE_FAILED', `The result ${request.temporary} is gone.`);
    const policy = request.onCollision ?? this.#options.onCollision;
    const placing = { request, policy, mark };
    const replacesOwn = request.replacesOwn ?? policy === 'update';
    const earlier = replacesOwn ? await this.#earlierOutput(request) : undefined;
    if (earlier !== undefined) return this.#replace(placing, earlier);
    for (const number of this.#numbers(request.wanted)) {
      const result = await this.#tryName(placing, numbered(request.wanted, number));
      if (!result) continue;
      if (number > 1) this.#remember(request.wanted, number);
      return result;
    }
    throw new CycleboxError('FILE_EXISTS', `${request.wanted} and ${maxNumber} numbered names beside it are taken.`);
  }

  /** What this path and translation became last, where that still is what it was, and has the name that is wished for or a number of it. */
  async #earlierOutput(request: PublishRequest): Promise<RelativePath | undefined> {
    const known = this.#ledger?.latestOf(request);
    if (!known || !isNumberOf(request.wanted, known.output)) return undefined;
    const now = await identityOf(join(this.#options.outbox, known.output));
    return isSameFile(now, known.mark, true) ? known.output : undefined;
  }

  async #replace(placing: Placing, output: RelativePath): Promise<PublishResult> {
    placing.request.onAttempt(output, placing.mark);
    await this.#atFolder(placing, output, (temporary, path) => replaceName(temporary, path, this.#calls));
    return this.#placed(placing, output);
  }

  /** A folder that is swapped for a link at the last moment does not lead the output elsewhere. */
  async #atFolder<T>(
    { request, mark }: Placing,
    output: RelativePath,
    use: (temporary: string, path: string) => Promise<T>,
  ): Promise<T> {
    const [folder, name] = [posix.dirname(output), posix.basename(output)];
    const isBeside = dirname(request.temporary) === join(this.#options.outbox, folder);
    const withdraw = async (at: string) => {
      const path = join(at, name);
      if (isSameFile(await identityOf(path), mark)) await rm(path);
    };
    const inFolder = (at: string) =>
      use(isBeside ? join(at, basename(request.temporary)) : request.temporary, join(at, name));
    return inPinnedFolder(this.#options.outbox, folder === '.' ? '' : folder, inFolder, withdraw).catch(error => {
      throw error instanceof FolderSwappedError ? this.#linkRefusal(error.folder) : error;
    });
  }

  *#numbers(wanted: RelativePath): Generator<number> {
    yield 1;
    for (let number = (this.#lastNumbers.get(wanted) ?? 1) + 1; number <= maxNumber; number++) yield number;
  }

  #remember(wanted: RelativePath, number: number): void {
    this.#lastNumbers.delete(wanted);
    this.#lastNumbers.set(wanted, number);
    const [oldest] = this.#lastNumbers.keys();
    if (this.#lastNumbers.size > 1000 && oldest !== undefined) this.#lastNumbers.delete(oldest);
  }

  /** Undefined when the name is taken and the policy is to try the next. */
  async #tryName(placing: Placing, candidate: RelativePath): Promise<PublishResult | undefined> {
    const holder = await this.#holder(candidate);
    if (holder !== undefined) return this.#collision(placing, holder);
    placing.request.onAttempt(candidate, placing.mark);
    const options = { hasLinks: this.#hasLinks, calls: this.#calls };
    const given = await this.#atFolder(placing, candidate, (temporary, path) => takeFreeName(temporary, path, options));
    if (given === 'taken') return this.#foreign(placing, candidate);
    if (given === 'renamed') this.#hasLinks = false;
    return this.#placed(placing, candidate);
  }

  /** The output of ours that has this name or one that counts as the same; a file that was taken away has it no more. */
  async #holder(candidate: RelativePath): Promise<RelativePath | undefined> {
    const output = this.#ledger?.holder(candidate);
    return output !== undefined && (await exists(join(this.#options.outbox, output))) ? output : undefined;
  }

  /**
   * A file that the ledger does not know. With the very bytes of this result, it is this result: published by a
   * process that died before it could write that down, or by a daemon without a ledger.
   */
  async #foreign(placing: Placing, candidate: RelativePath): Promise<PublishResult | undefined> {
    const path = join(this.#options.outbox, candidate);
    if (placing.request.redo || !(await haveSameContent(placing.request.temporary, path)))
      return this.#collision(placing, candidate);
    await syncFolder(dirname(path));
    this.#record(placing.request, candidate, (await identityOf(path)) ?? placing.mark);
    return { kind: 'elsewhere', output: candidate };
  }

  async #collision(placing: Placing, taken: RelativePath): Promise<PublishResult | undefined> {
    switch (placing.policy) {
      case 'suffix':
      case 'update':
        return undefined;
      case 'skip':
        return { kind: 'skipped', output: taken };
      case 'overwrite':
        return this.#replace(placing, taken);
      case 'error': {
        const message = `${taken} is in the outbox already, and onCollision is "error": move one of the two away, or choose another policy.`;
        throw new CycleboxError('FILE_EXISTS', message);
      }
      default:
        return placing.policy satisfies never;
    }
  }

  #placed({ request, mark }: Placing, output: RelativePath): PublishResult {
    this.#record(request, output, mark);
    faultPoint('renamed');
    return { kind: 'published', output };
  }

  /** The file is visible by now: a ledger that cannot be written (a full disk) does not undo that. */
  #record(source: PublishedSource & { readonly version: string }, output: RelativePath, mark: OutputIdentity): void {
    const { path, identity, translation, version, content } = source;
    try {
      this.#ledger?.record({ path, identity, translation, version, content, output, mark, owner: this.#owner.id });
    } catch (error) {
      this.#ledgerFault = (error as Error).message;
    }
  }

  async #findInterrupted(job: InterruptedPublishing): Promise<RelativePath | undefined> {
    const { output, mark, temporary } = job;
    if (output === undefined || mark === undefined || mark === '') return undefined;
    const known = this.#known(job);
    if (known && isSameFile(known.mark, mark)) return known.output;
    const path = join(this.#options.outbox, output);
    const temporaryIsGone = temporary !== undefined && !(await exists(temporary));
    if (!isSameFile(await identityOf(path), mark, temporaryIsGone)) {
      if (!this.#hasLinks && !temporaryIsGone) await removeReservation(path);
      return undefined;
    }
    await syncFolder(dirname(path));
    this.#record(job, output, mark);
    return output;
  }
}

/** The name of an output: in the same folder as its source, with the name that the runner says. */
export function wantedName(source: RelativePath, name: string): RelativePath {
  return posix.join(posix.dirname(source), name);
}
