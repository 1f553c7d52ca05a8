/**
 * Reads an image's file whole, but only once its first bytes have shown that it is an image: a film of 8 GB under the
 * name of a photo is not loaded to be refused. Never waits on a pipe or device, whatever the path leads to.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { CycleboxError } from '../base/index.js';
import { sniffBytes } from './sniff.js';

/**
 * @param check is handed the first bytes and throws to refuse the file
 * @throws CycleboxError FILE_NOT_FOUND, FILE_UNREADABLE, and what `check` throws
 */
export function readImageFile(path: string, check: (start: Uint8Array) => void): Promise<Uint8Array> {
  return withFile(path, async (handle, start, bytes) => {
    check(start);
    return await readFrom(handle, bytes);
  });
}

/**
 * The first bytes of a file, its size, and the whole of it where that is no more than `wholeBytes`.
 * @throws CycleboxError FILE_NOT_FOUND, FILE_UNREADABLE
 */
export function readImageStart(path: string, wholeBytes: number) {
  return withFile(path, async (handle, start, bytes) => ({
    start,
    bytes,
    whole: bytes <= wholeBytes ? await readFrom(handle, bytes) : undefined,
  }));
}

async function withFile<T>(
  path: string,
  use: (handle: FileHandle, start: Uint8Array, bytes: number) => Promise<T>,
): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const status = await handle.stat();
    if (!status.isFile()) throw unreadable(path, status.isDirectory() ? 'it is a folder' : 'it is not a regular file');
    const start = Buffer.alloc(sniffBytes);
    const { bytesRead } = await handle.read(start, 0, sniffBytes, 0);
    return await use(handle, start.subarray(0, bytesRead), status.size);
  } catch (error) {
    throw error instanceof CycleboxError ? error : fileError(path, error);
  } finally {
    await handle?.close();
  }
}

async function readFrom(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function fileError(path: string, error: unknown): CycleboxError {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return new CycleboxError('FILE_NOT_FOUND', `${path} does not exist. Check the path.`, { subject: { file: path } });
  return unreadable(path, error instanceof Error ? error.message : String(error), error);
}

function unreadable(path: string, why: string, cause?: unknown): CycleboxError {
  const message = `${path} cannot be read as an image: ${why}. Name an image file that you may read.`;
  return new CycleboxError('FILE_UNREADABLE', message, { subject: { file: path }, cause });
}
