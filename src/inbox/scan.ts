/**
 * Walks the inbox: the truth, where watching is a hint. Streams, so that a hundred thousand files cost no memory;
 * a folder that cannot be read is reported and the others go on.
 */
import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isJunk } from './junk.js';
import type { RelativePath } from './types.js';

/** Every regular file that is not junk, in batches. Links are not followed. */
export async function* scanFolder(
  root: string,
  onUnreadable: (folder: RelativePath, error: unknown) => void,
): AsyncGenerator<readonly RelativePath[]> {
  const folders: RelativePath[] = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    try {
      yield* scanOne(root, folder, folders);
    } catch (error) {
      onUnreadable(folder, error);
    }
  }
}

const batchSize = 64;

async function* scanOne(root: string, folder: RelativePath, folders: RelativePath[]): AsyncGenerator<RelativePath[]> {
  let batch: RelativePath[] = [];
  for await (const entry of await opendir(join(root, folder), { bufferSize: 256 })) {
    if (isJunk(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
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
