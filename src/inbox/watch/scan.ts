/**
 * Walks the inbox: the truth, where watching is a hint. Streams, so that a hundred thousand files cost no memory;
 * a folder that cannot be read is reported and the others go on.
 */
import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RelativePath } from '../../base/index.js';

export interface ScanOptions {
  readonly isIgnored: (path: RelativePath) => boolean;
  /** The folder to begin with. Default: the whole inbox. */
  readonly from?: RelativePath | undefined;
  /** Called before a folder is read. */
  readonly onFolder?: ((folder: RelativePath) => void) | undefined;
  /** Told of links, which are not followed. */
  readonly onLink?: ((path: RelativePath) => void) | undefined;
  readonly onUnreadable?: ((folder: RelativePath, error: unknown) => void) | undefined;
}

/** Every path that may be a regular file and is not ignored, in batches. Links are not followed. */
export async function* scanFolder(root: string, options: ScanOptions): AsyncGenerator<readonly RelativePath[]> {
  const folders: RelativePath[] = [options.from ?? ''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    options.onFolder?.(folder);
    try {
      yield* scanOne(root, folder, folders, options);
    } catch (error) {
      options.onUnreadable?.(folder, error);
    }
  }
}

const batchSize = 512;

async function* scanOne(
  root: string,
  folder: RelativePath,
  folders: RelativePath[],
  { isIgnored, onLink }: ScanOptions,
): AsyncGenerator<RelativePath[]> {
  let batch: RelativePath[] = [];
  for await (const entry of await opendir(join(root, folder), { bufferSize: batchSize })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (isIgnored(path)) continue;
    if (entry.isSymbolicLink()) onLink?.(path);
    if (entry.isDirectory()) folders.push(path);
    else if (mayBeFile(entry)) batch.push(path);
    if (batch.length >= batchSize) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Some file systems do not say what an entry is; whoever looks at the file then finds out. */
function mayBeFile(entry: Dirent): boolean {
  if (entry.isFile()) return true;
  return (
    !entry.isSymbolicLink() &&
    !entry.isFIFO() &&
    !entry.isSocket() &&
    !entry.isBlockDevice() &&
    !entry.isCharacterDevice()
  );
}
