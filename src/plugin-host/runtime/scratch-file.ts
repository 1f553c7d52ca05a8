/** Names in a scratch folder, and the removal of what lay under them: such a file lives for one call. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A path that nothing lies at. */
export function scratchFile(folder: string): string {
  return join(folder, `${randomUUID()}.pixels`);
}

/** Removes the files when the work has ended, however it did. */
export async function withoutFiles<T>(files: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await Promise.all(files.map(file => rm(file, { force: true }).catch(() => {})));
  }
}
