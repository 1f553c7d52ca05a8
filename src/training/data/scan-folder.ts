/**
 * What is in a folder of training images, found out from the files' headers before the training starts. Every file is
 * either an image or named with the reason why it is none. No pixels are read: a file that is cut off further on is
 * found out when it is first decoded.
 */
import { join } from 'node:path';
import { CycleboxError } from '../../base/index.js';
import { type ImageFacts, inspectImage } from '../../image/index.js';
import { emptyFolder, type SkippedFile } from './empty-folder.js';
import { listFiles } from './list-files.js';

export interface ScannedImage extends ImageFacts {
  /** Relative to the folder, with `/`. */
  readonly file: string;
}

export interface FolderScan {
  readonly folder: string;
  /** In the order of their names. */
  readonly images: readonly ScannedImage[];
  readonly skipped: readonly SkippedFile[];
}

/** Files that are looked at at a time. */
const concurrency = 8;

/** @throws FILE_NOT_FOUND, FILE_UNREADABLE; DATASET_EMPTY when no file is an image */
export async function scanFolder(folder: string): Promise<FolderScan> {
  const files = await listFiles(folder);
  const found = await mapConcurrently(files, file => look(folder, file));
  const images = found.filter(one => 'format' in one);
  const skipped = found.filter(one => 'reason' in one);
  if (images.length === 0) throw emptyFolder(folder, skipped);
  return { folder, images, skipped };
}

async function look(folder: string, file: string): Promise<ScannedImage | SkippedFile> {
  try {
    return { file, ...(await inspectImage(join(folder, file))) };
  } catch (error) {
    return { file, reason: reasonOf(error, join(folder, file)) };
  }
}

/** Why an image was not read, to follow its name. @throws the error again when it is not about the image */
export function reasonOf(error: unknown, path: string): string {
  if (!(error instanceof CycleboxError) || !/^(IMAGE|FILE)_/.test(error.code)) throw error;
  const afterName = error.message.startsWith(path) ? error.message.slice(path.length).trim() : error.message;
  return afterName.split('. ')[0]!.replace(/\.$/, '');
}

/** The results of `work` on each item, in the items' order, some at a time. */
async function mapConcurrently<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return results;
}
