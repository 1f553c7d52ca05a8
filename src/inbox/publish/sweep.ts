/**
 * Whose temporary files are whose, and the removal of those that nobody will finish. A temporary's name carries its daemon's
 * id (one for each state folder) and the life that made it; a daemon that is alive holds a lock in the outbox,
 * which the system releases when it dies. Temporaries without an owner are not ours to remove.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  asCycleboxError,
  type CycleboxError,
  type Disposable,
  readRegularText,
  temporaryOwner,
  undefinedIfGone,
  writeFileAtomic,
} from '../../base/index.js';
import { privateMode, Sqlite } from '../journal/index.js';

export interface Owner extends Disposable {
  /** Of this state folder; the same in each life. */
  readonly id: string;
  /** `id.life`, as it stands in the names of temporaries. */
  readonly tag: string;
  /** True when the daemon of another id, or of another life of this one, may still finish a temporary. */
  isAlive(tag: string): boolean;
}

/** @param sharedFolder where the daemons of an outbox hold their locks; need not be writable */
export async function claimOwner(state: string, sharedFolder: string): Promise<Owner> {
  const file = join(state, 'publisher-id');
  const known = (await readRegularText(file).catch(undefinedIfGone))?.trim();
  await mkdir(sharedFolder, { recursive: true }).catch(() => {});
  const kept = known !== undefined && /^[0-9a-f]{12}$/.test(known) ? tryLock(sharedFolder, known) : 'busy';
  if (known !== undefined && kept !== 'busy') return newOwner(known, sharedFolder, kept);
  // None yet; or the state folder is a copy, and a daemon on the original lives.
  const id = randomBytes(6).toString('hex');
  await writeFileAtomic(file, `${id}\n`, privateMode);
  const lock = tryLock(sharedFolder, id);
  return newOwner(id, sharedFolder, lock === 'busy' ? undefined : lock);
}

/**
 * Removes the temporaries of dead daemons, and of earlier lives of this one, from `root` and everything below it.
 * Returns how many.
 */
export async function sweepFolder(
  root: string,
  owner: Owner,
  onWarning: (error: CycleboxError) => void,
): Promise<number> {
  let removed = 0;
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    try {
      removed += await sweepOne(folder, owner, folders);
    } catch (error) {
      onWarning(asCycleboxError(error, { file: folder }, 'WRITE_FAILED'));
    }
  }
  return removed;
}

async function sweepOne(folder: string, owner: Owner, folders: string[]): Promise<number> {
  let removed = 0;
  for await (const entry of await opendir(folder, { bufferSize: 256 })) {
    if (entry.isDirectory()) folders.push(join(folder, entry.name));
    const tag = temporaryOwner(entry.name);
    if (tag === undefined || entry.isDirectory() || owner.isAlive(tag)) continue;
    await rm(join(folder, entry.name), { force: true });
    removed++;
  }
  return removed;
}

function newOwner(id: string, folder: string, lock: Disposable | undefined): Owner {
  const tag = `${id}.${randomBytes(4).toString('hex')}`;
  const lives = new Map<string, boolean>();
  return {
    id,
    tag,
    isAlive(other) {
      const otherId = other.split('.')[0] ?? '';
      if (otherId === id) return other === tag;
      const known = lives.get(otherId) ?? isLocked(folder, otherId);
      lives.set(otherId, known);
      return known;
    },
    async dispose() {
      lock?.dispose();
      if (lock) await rm(lockFile(folder, id), { force: true }).catch(() => {});
    },
  };
}

function lockFile(folder: string, id: string): string {
  return join(folder, `daemon-${id}.lock`);
}

function isLocked(folder: string, id: string): boolean {
  const lock = tryLock(folder, id);
  if (lock === 'busy') return true;
  void lock?.dispose();
  return false;
}

/** Undefined when no lock can be had here at all, as in a folder that cannot be written. */
function tryLock(folder: string, id: string): Disposable | 'busy' | undefined {
  let lock: Sqlite | undefined;
  try {
    lock = new Sqlite(lockFile(folder, id), { busyTimeoutMs: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.dispose();
    const code = String(((error as Error).cause as { code?: unknown } | undefined)?.code);
    return code.startsWith('SQLITE_BUSY') ? 'busy' : undefined;
  }
}
