/**
 * What a path in the inbox is, as far as the journal is concerned: a regular file whose identity is its inode, size,
 * time of writing and time of birth. Links, FIFOs, devices and sockets are never opened. Times are only compared for
 * equality.
 *
 * The device is no part of the identity: its number changes when a disk or share is mounted again, and a file that
 * comes back with its disk is not another file.
 */
import { type BigIntStats, lstat } from 'node:fs';
import { isGone } from './gone.js';

/**
 * `inode:size:mtime` and, where the file system says it, `:birth`; all in decimal, times in nanoseconds. Only meaningful
 * together with the path. Compare with `isSameIdentity`: 0.1.0 wrote identities without a birth.
 */
export type FileIdentity = string;

/**
 * What vouches for the content of a file, where an identity does not: inodes are used again, and any program can set
 * the time of writing.
 */
export interface FileContent {
  /** The time of the last change of anything about it, in nanoseconds: as long as it is the same, so is the content. */
  readonly changed: string;
  /** SHA-256 of its bytes, in lower-case hex; undefined where nobody has read them. */
  readonly sha256?: string | undefined;
}

/** What is at a path: a regular file, a folder, or nothing that is ours to open. */
export type FileStat =
  | { readonly kind: 'file'; readonly identity: FileIdentity; readonly changed: string }
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
  if (stats.isFile()) return { kind: 'file', identity: identityFrom(stats), changed: String(stats.ctimeNs) };
  return { kind: stats.isDirectory() ? 'folder' : 'nothing' };
}

export function identityFrom(stats: BigIntStats): FileIdentity {
  const { ino, size, mtimeNs } = stats;
  const birthNs = birthOf(stats);
  return `${ino}:${size}:${mtimeNs}${birthNs === undefined ? '' : `:${birthNs}`}`;
}

/**
 * When a file or folder came to be, in nanoseconds. Undefined on systems that do not record it: they give 0, or the time of the
 * last change, which is no property of the file.
 */
export function birthOf({ birthtimeNs, ctimeNs }: BigIntStats): bigint | undefined {
  return birthtimeNs > 0n && birthtimeNs !== ctimeNs ? birthtimeNs : undefined;
}

/** The identity without the birth, as 0.1.0 wrote it. */
export function withoutBirth(identity: FileIdentity): FileIdentity {
  return identity.split(':', 3).join(':');
}

/** True when both are one file's; where only one of them has a birth, the rest decides. */
export function isSameIdentity(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a === b || ((!hasBirth(a) || !hasBirth(b)) && withoutBirth(a) === withoutBirth(b));
}

/**
 * True when everything but the inode speaks for one file: as good as it gets where inodes are made up anew with each mount,
 * as on FAT and some shares. What is in the files has to decide, wherever it matters. Both are of the same path.
 */
export function isSameButInode(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const [one, other] = [a, b].map(identity => identity.split(':'));
  return one?.[1] === other?.[1] && isSameTime(one?.[2], other?.[2]);
}

/** What FAT keeps of times of writing. */
const fatStepNs = 2_000_000_000n;
/** No two places on earth are further apart. */
const furthestNs = 26n * 3_600_000_000_000n;
const quarterHourNs = 900_000_000_000n;

/**
 * FAT keeps local times, in steps of two seconds: what was exact while it was mounted is not after that, and where the
 * clock was changed for summer all times are others, by quarters of hours.
 */
function isSameTime(a = '', b = ''): boolean {
  if (a === b || !/^-?\d+$/.test(a) || !/^-?\d+$/.test(b)) return a === b;
  const [one, other] = [BigInt(a), BigInt(b)];
  if (one % fatStepNs !== 0n && other % fatStepNs !== 0n) return false;
  const apart = one < other ? other - one : one - other;
  const rest = apart % quarterHourNs;
  return apart <= furthestNs && (rest < fatStepNs || quarterHourNs - rest < fatStepNs);
}

/** `:size:`, as it stands in the identity of every file of this size. */
export function sizeMarkOf(identity: FileIdentity): string {
  return `:${identity.split(':')[1] ?? ''}:`;
}

function hasBirth(identity: FileIdentity): boolean {
  return identity.split(':').length > 3;
}

export function statFailure(error: NodeJS.ErrnoException): FileStat {
  return isGone(error) ? { kind: 'nothing' } : { kind: 'unknown', error };
}
