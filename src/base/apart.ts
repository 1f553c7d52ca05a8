/**
 * Folders that must lie apart: neither is the other, nor inside it. Links are looked through, also above folders that are
 * not there yet. It makes nothing and changes nothing.
 */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { CycleboxError } from './errors.js';

/**
 * @param nameA what messages call the folder `a`
 * @throws CONFIG_INVALID naming both, and where they are
 */
export async function requireApart(nameA: string, a: string, nameB: string, b: string): Promise<void> {
  const [realA, realB] = await Promise.all([realFolder(a), realFolder(b)]);
  if (!contains(realA, realB) && !contains(realB, realA)) return;
  const message = `${nameA} (${realA}) and ${nameB} (${realB}) must lie apart: neither may be inside the other.`;
  throw new CycleboxError('CONFIG_INVALID', message, { subject: { file: b } });
}

/** Where a folder is, or would come to be, with all links followed. */
async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) return path;
    return join(await realFolder(parent), basename(path));
  }
}

function contains(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !/^[a-z]:/i.test(way));
}
