/**
 * The one way in which files of unknown making are read: images, manifests, configurations, notes of the state folder.
 * Opening never waits, since a pipe or device is refused before it is read; memory is taken only once the size is known and
 * allowed. What errors are to be called is the caller's business: those of the system come through as they are.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type FileIdentity, identityFrom } from './file-identity.js';

/** The path leads to something other than a regular file; `code` is `EISDIR` for a folder, else `ENOTFILE`. */
export class NotRegularFileError extends Error {
  readonly code: 'EISDIR' | 'ENOTFILE';

  constructor(path: string, isFolder: boolean) {
    super(`${path} is ${isFolder ? 'a folder' : 'a pipe, a device or a socket'}, not a file`);
    this.code = isFolder ? 'EISDIR' : 'ENOTFILE';
  }
}

/** The file has more bytes than its reader can use. */
export class FileTooLargeError extends Error {
  readonly code = 'EFBIG';
  readonly bytes: number;

  constructor(path: string, bytes: number, maxBytes: number) {
    super(`${path} has ${bytes} bytes; more than ${maxBytes} are not read`);
    this.bytes = bytes;
  }
}

/** An open file: of what was at the path when it was opened, whatever comes there later. */
export interface RegularFile {
  /** In bytes, when it was opened. */
  readonly size: number;
  /** What it was when it was opened, as `identify` says it of a path. */
  readonly identity: FileIdentity;
  /** Its last change of any kind, as in `FileContent`. */
  readonly changed: string;
  /** A name under which native code opens this very file, whatever comes to its path: on Linux only; elsewhere the path. */
  readonly openName: string;
  /** Up to `length` bytes from `offset` on: fewer where the file ends, and then only. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** Windows has no `O_NONBLOCK`, and no pipes under the names of files. */
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** One read of the system takes at most 2 GiB, and less is kinder to those who share the disk. */
const chunkBytes = 16 * 2 ** 20;

/** Texts that people or programs write for cyclebox: manifests, configurations, notes. */
const maxTextBytes = 64 * 2 ** 20;

export interface OpenRegularFileOptions {
  /** False: a link at the path is refused (ELOOP), whatever it leads to. Default true. */
  readonly followLinks?: boolean;
}

/** Opens, lends and closes. @throws NotRegularFileError, or what the system says */
export async function withRegularFile<T>(
  path: string,
  use: (file: RegularFile) => Promise<T>,
  { followLinks = true }: OpenRegularFileOptions = {},
): Promise<T> {
  const handle = await open(path, followLinks ? flags : flags | (constants.O_NOFOLLOW ?? 0));
  try {
    const status = await handle.stat({ bigint: true });
    if (!status.isFile()) throw new NotRegularFileError(path, status.isDirectory());
    const [identity, changed] = [identityFrom(status), String(status.ctimeNs)];
    const openName = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : path;
    const file = { size: Number(status.size), identity, changed, openName };
    return await use({ ...file, read: (offset, length) => read(handle, offset, length) });
  } finally {
    await handle.close();
  }
}

/** What one read into memory, and the formats of models and images, can hold. */
const maxFileBytes = 2 ** 31 - 1;

/** The whole file. @throws NotRegularFileError, FileTooLargeError, or what the system says */
export function readRegularFile(path: string, maxBytes: number = maxFileBytes): Promise<Buffer> {
  return withRegularFile(path, file => {
    if (file.size > maxBytes) throw new FileTooLargeError(path, file.size, maxBytes);
    return file.read(0, file.size);
  });
}

/** A text of at most 64 MiB in UTF-8. @throws NotRegularFileError, FileTooLargeError, or what the system says */
export async function readRegularText(path: string): Promise<string> {
  return (await readRegularFile(path, maxTextBytes)).toString('utf8');
}

/** The same for those few that must not wait. @throws NotRegularFileError, FileTooLargeError, or what the system says */
export function readRegularTextSync(path: string): string {
  const descriptor = openSync(path, flags);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new NotRegularFileError(path, status.isDirectory());
    if (status.size > maxTextBytes) throw new FileTooLargeError(path, status.size, maxTextBytes);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A file of at most `maxBytes`, without a wait: for small ones of this machine, whose waits take longer than the reading.
 * Undefined for a larger one. @throws NotRegularFileError, or what the system says
 */
export function readSmallFileSync(path: string, maxBytes: number): Buffer | undefined {
  const descriptor = openSync(path, flags);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new NotRegularFileError(path, status.isDirectory());
    return status.size > maxBytes ? undefined : readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function read(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const wanted = Math.min(chunkBytes, length - filled);
    const { bytesRead } = await handle.read(bytes, filled, wanted, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
