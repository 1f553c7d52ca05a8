/**
 * Reads an image's file whole, but only once its first bytes have shown that it is an image, and its size that it is not too
 * large for one: a film of 8 GB under the name of a photo is not loaded to be refused. Never waits on a pipe or device,
 * whatever the path leads to.
 */
import {
  CycleboxError,
  NotRegularFileError,
  type OpenRegularFileOptions,
  type RegularFile,
  withRegularFile,
} from '../base/index.js';
import { kindBytes } from './file-kind.js';
import { tooLargeImage } from './refusal.js';

/** What neither Node's buffers nor libvips' go beyond. */
const mostBytes = 2 ** 31 - 1;

/**
 * More than the largest image of `maxPixels` pixels that is not compressed at all: 16 bytes for each, and what a camera or a
 * scanner writes besides.
 */
export function pixelBytes(maxPixels: number): number {
  return maxPixels * 16 + 64 * 2 ** 20;
}

/** Of a file that is read whole: no more than one buffer holds, either. */
export function maxFileBytes(maxPixels: number): number {
  return Math.min(mostBytes, pixelBytes(maxPixels));
}

export interface ImageFileStart {
  /** The first bytes of the file. */
  readonly start: Uint8Array;
  readonly file: RegularFile;
}

/** Opens the image's file and lends it. @throws CycleboxError FILE_NOT_FOUND, FILE_UNREADABLE, and what `use` throws */
export async function withImageFile<T>(
  path: string,
  use: (opened: ImageFileStart) => Promise<T>,
  options: OpenRegularFileOptions = {},
): Promise<T> {
  try {
    return await withRegularFile(path, async file => use({ file, start: await file.read(0, kindBytes) }), options);
  } catch (error) {
    throw error instanceof CycleboxError ? error : fileError(path, error);
  }
}

/** @throws CycleboxError IMAGE_TOO_LARGE */
export function requireFileSize(bytes: number, limit: number, file: string): void {
  if (bytes > limit) throw tooLargeImage(file, megabytes(bytes), `${megabytes(limit)} for a file`);
}

const megabytes = (bytes: number): string => `${Number((bytes / 1e6).toPrecision(4))} MB`;

function fileError(path: string, error: unknown): CycleboxError {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return new CycleboxError('FILE_NOT_FOUND', `${path} does not exist. Check the path.`, { subject: { file: path } });
  if (error instanceof NotRegularFileError)
    return unreadable(path, error.code === 'EISDIR' ? 'it is a folder' : 'it is not a regular file');
  return unreadable(path, error instanceof Error ? error.message : String(error), error);
}

function unreadable(path: string, why: string, cause?: unknown): CycleboxError {
  const message = `${path} cannot be read as an image: ${why}. Name an image file that you may read.`;
  return new CycleboxError('FILE_UNREADABLE', message, { subject: { file: path }, cause });
}
