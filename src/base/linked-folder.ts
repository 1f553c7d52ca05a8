/**
 * Finds a folder that is a link, on the way from a root to a path below it: whoever may write in the root could lead reading
 * and writing elsewhere by it. It looks; it holds nothing, so that a folder may be swapped for a link right after.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { undefinedIfGone } from './gone.js';
import type { RelativePath } from './relative-path.js';

/** The first such folder, relative to `root`; the root itself may be a link. Undefined when there is none, or no folder yet. */
export async function findLinkedFolder(root: string, path: RelativePath): Promise<RelativePath | undefined> {
  const parts = path.split('/').slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = parts.slice(0, depth).join('/');
    const stats = await lstat(join(root, folder)).catch(undefinedIfGone);
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink()) return folder;
  }
  return undefined;
}
