/**
 * What a path in the inbox is, as far as the journal is concerned: a regular file whose identity is its inode, size
 * and time of change. Links, FIFOs, devices and sockets are never opened. Times are only compared for equality.
 *
 * The device is no part of the identity: its number changes when a disk or share is mounted again, and a file that
 * comes back with its disk is not another file.
 */
import { type BigIntStats, lstat } from 'node:fs';

/** `inode:size:mtime`, all in decimal, the time in nanoseconds. Only meaningful together with the path. */
export type FileIdentity = string;

/** What is at a path: a regular file, a folder, or nothing that is ours to open. */
export type FileStat =
  | { readonly kind: 'file'; readonly identity: FileIdentity }
  | { readonly kind: 'folder' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown'; readonly error: NodeJS.ErrnoException };

/** Never rejects; links are not followed. */
export function statFile(path: string): Promise<FileStat> {
  // Called for every file of every scan: the callback costs half of what the promise of `node:fs/promises` does.
  return new Promise(resolve => {
    lstat(path, { bigint: true }, (error, stats) => resolve(error ? statFailure(error) : fileStatOf(stats)));
  });
}

/** The identity of a regular file; undefined when it is gone, or is something else. */
export async function identify(path: string): Promise<FileIdentity | undefined> {
  const stat = await statFile(path);
  if (stat.kind === 'unknown') throw stat.error;
  return stat.kind === 'file' ? stat.identity : undefined;
}

/** `device:inode`: the same for every hard link to a file. Undefined when there is no such file. */
export function inodeOf(path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    lstat(path, { bigint: true }, (error, stats) => {
      if (!error) resolve(`${stats.dev}:${stats.ino}`);
      else if (isGone(error)) resolve(undefined);
      else reject(error);
    });
  });
}

export function fileStatOf(stats: BigIntStats): FileStat {
  if (stats.isFile()) return { kind: 'file', identity: `${stats.ino}:${stats.size}:${stats.mtimeNs}` };
  return { kind: stats.isDirectory() ? 'folder' : 'nothing' };
}

export function statFailure(error: NodeJS.ErrnoException): FileStat {
  return isGone(error) ? { kind: 'nothing' } : { kind: 'unknown', error };
}

function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}
