/**
 * Where a state folder's daemon listens: a Unix socket in the folder, or a named pipe on Windows. A path too long for
 * a Unix socket (about 100 bytes, by the system), or on a file system without sockets, is stood in for by one in a folder
 * of the user's own under the system's temporary folder. Both sides work the addresses out from the state folder's real path.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { CycleboxError } from '../../base/index.js';

const longestSocketPathBytes = 100;

/**
 * The addresses to try, in order; the second is looked into only when it is asked for.
 * @param state the state folder, which must exist
 * @param role who listens makes the folder that is needed; who connects makes nothing, and trusts no other's folder
 */
export function* controlAddresses(state: string, role: 'listen' | 'connect'): Generator<string, void> {
  const folder = realpathSync(state);
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 24);
  if (process.platform === 'win32') {
    yield `\\\\.\\pipe\\cyclebox-${digest}`;
    return;
  }
  const path = join(folder, 'control.sock');
  if (Buffer.byteLength(path) <= longestSocketPathBytes) yield path;
  const elsewhere = join(tmpdir(), `cyclebox-${userInfo().uid}`);
  if (role === 'listen') makeOwnFolder(elsewhere);
  if (isOwnFolder(elsewhere)) yield join(elsewhere, `${digest}.sock`);
}

function makeOwnFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (isOwnFolder(folder)) return;
  const message = `${folder} must be a folder of this user's, closed to all others: remove it, or use a state folder with a shorter path`;
  throw new CycleboxError('WRITE_FAILED', message, { subject: { file: folder } });
}

/** Others can make files in the temporary folder too: only a folder that is the user's and closed to others will do. */
function isOwnFolder(folder: string): boolean {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === userInfo().uid && (stats.mode & 0o077) === 0;
}
