/**
 * What would happen to each file of the inbox, found out without writing anything: no lock is taken, no folder made,
 * and the journal is asked in a copy, or beside the daemon that keeps it open.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CycleboxError, Disposable } from '../base/index.js';
import { contentOf, identify, type RelativePath, withRegularFile } from '../base/index.js';
import { ownFailures } from './inbox-options.js';
import { type Job, Journal, lookUpLikelyMany, newestJob, Sqlite, type Wanted } from './journal/index.js';
import { keyOf, type Router, type Routing } from './routing.js';
import { ignoring, scanFolder } from './watch/index.js';

export interface InspectOptions {
  /** Absolute paths. */
  readonly inbox: string;
  readonly state: string;
  readonly route: Router;
  readonly ignore?: readonly string[] | undefined;
  /** True when a daemon has the journal open now. */
  readonly isInUse: boolean;
}

export type PlannedAction =
  /** It would be done; `again` when the journal knows it as done, failed or cancelled already. */
  | { readonly kind: 'translate'; readonly path: RelativePath; readonly translation: string; readonly again: boolean }
  | {
      readonly kind: 'done';
      readonly path: RelativePath;
      readonly translation: string;
      readonly output?: string | undefined;
    }
  /** It stays as it is until it changes or is retried. */
  | { readonly kind: 'failed'; readonly path: RelativePath; readonly error: CycleboxError }
  | { readonly kind: 'cancelled'; readonly path: RelativePath; readonly translation: string }
  /** No route, no model. */
  | { readonly kind: 'refused'; readonly path: RelativePath; readonly error: CycleboxError };

type Find = (wanted: Wanted) => Job | undefined;

interface Reader extends Disposable {
  readonly find: Find;
  readonly findLikely: Find;
}

/** @throws JOURNAL_INVALID, or what the file system says of the inbox */
export async function* inspectInbox(options: InspectOptions): AsyncGenerator<PlannedAction> {
  const journal = await openForReading(options.state, options.isInUse);
  try {
    const onUnreadable = (_: RelativePath, error: unknown) => {
      throw error;
    };
    for await (const batch of scanFolder(options.inbox, { isIgnored: ignoring(options.ignore), onUnreadable })) {
      for (const path of [...batch].sort()) {
        const identity = await identify(join(options.inbox, path)).catch(() => undefined);
        if (identity === undefined) continue;
        const routing = options.route(path);
        const wanted = { path, identity, translation: keyOf(routing) };
        yield planFor(path, routing, journal.find(wanted) ?? (await likelyJob(options.inbox, wanted, journal)));
      }
    }
  } finally {
    await journal.dispose();
  }
}

/** The job of a file that only has another inode than it had; its bytes tell. */
async function likelyJob(inbox: string, wanted: Wanted, { findLikely }: Reader): Promise<Job | undefined> {
  const job = findLikely(wanted);
  if (!job) return undefined;
  const content = await contentOf(join(inbox, wanted.path)).catch(() => undefined);
  return content?.sha256 === job.content?.sha256 ? job : undefined;
}

function planFor(path: RelativePath, routing: Routing, job: Job | undefined): PlannedAction {
  if (routing.kind === 'refuse') return { kind: 'refused', path, error: routing.error };
  const { key: translation, version } = routing.translation;
  switch (job?.state) {
    case 'done':
      if (routing.reprocess && job.version !== version) return { kind: 'translate', path, translation, again: true };
      return { kind: 'done', path, translation, output: job.output };
    case 'cancelled':
      return { kind: 'cancelled', path, translation };
    case 'failed':
    case 'quarantined':
      if (job.error && ownFailures.includes(job.error.code)) return { kind: 'failed', path, error: job.error };
      return { kind: 'translate', path, translation, again: true };
    default:
      return { kind: 'translate', path, translation, again: false };
  }
}

async function openForReading(state: string, isInUse: boolean): Promise<Reader> {
  const file = join(state, 'journal.sqlite');
  return isInUse ? openBesideDaemon(file) : await openCopy(file);
}

/** SQLite lets readers in beside the one that writes; nothing but questions are put. */
function openBesideDaemon(file: string): Reader {
  const sqlite = new Sqlite(file);
  return {
    find: ({ path, identity, translation }) => newestJob(sqlite, path, identity, translation),
    findLikely: wanted => lookUpLikelyMany(sqlite, [wanted])[0],
    dispose: () => sqlite.dispose(),
  };
}

/** Opening a journal brings it up to date, which is writing: that happens to the copy. */
async function openCopy(file: string): Promise<Reader> {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-inspect-'));
  try {
    const copy = join(folder, 'journal.sqlite');
    for (const ending of ['', '-wal']) {
      await withRegularFile(`${file}${ending}`, () => copyFile(`${file}${ending}`, `${copy}${ending}`)).catch(
        ignoreMissing,
      );
    }
    const journal = new Journal(copy);
    return {
      find: ({ path, identity, translation }) => journal.find(path, identity, translation),
      findLikely: wanted => journal.findLikely([wanted])[0],
      async dispose() {
        journal.dispose();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
