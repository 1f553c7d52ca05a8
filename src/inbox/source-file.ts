/**
 * What a file in the inbox is, as far as the journal is concerned: a regular file whose identity is its inode, size
 * and time of change. Links, FIFOs, devices and sockets are never opened. Times are only compared for equality.
 */
import { lstat } from 'node:fs/promises';

/** `device:inode:size:mtime`, all in decimal, the time in nanoseconds. */
export type SourceIdentity = string;

/** The identity of a regular file; undefined when it is gone, or is something else. */
export async function identify(path: string): Promise<SourceIdentity | undefined> {
  const stats = await lstat(path, { bigint: true }).catch(gone);
  if (!stats?.isFile()) return undefined;
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}

/** `device:inode`: the same for every hard link to a file. Undefined when there is no such file. */
export async function inodeOf(path: string): Promise<string | undefined> {
  const stats = await lstat(path, { bigint: true }).catch(gone);
  return stats && `${stats.dev}:${stats.ino}`;
}

function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
