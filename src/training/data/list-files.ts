/**
 * The files below a folder, by name alone: sorted, junk left out, links followed. What they hold is looked at elsewhere.
 * The order is the same on every system, since it decides what a seed means.
 */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CycleboxError, isJunk, systemCodeOf } from '../../base/index.js';

/** Paths relative to `folder`, with `/`. @throws FILE_NOT_FOUND, FILE_UNREADABLE naming the folder that cannot be read */
export async function listFiles(folder: string): Promise<readonly string[]> {
  return (await walk(folder, '', new Set())).sort();
}

/** @param above real paths of the folders around this one: a link back to one of them is not followed. */
async function walk(folder: string, prefix: string, above: ReadonlySet<string>): Promise<string[]> {
  const { real, entries } = await read(folder);
  if (above.has(real)) return [];
  const inside = new Set(above).add(real);
  const found = await Promise.all(
    entries
      .filter(({ name }) => !isJunk(name))
      .map(async entry => {
        const path = join(folder, entry.name);
        const kind = await kindOf(entry, path);
        if (kind === 'folder') return walk(path, `${prefix}${entry.name}/`, inside);
        return kind === 'file' ? [prefix + entry.name] : [];
      }),
  );
  return found.flat();
}

/** A link that leads nowhere counts as a file, so that whoever looks at it says so. */
async function kindOf(entry: Dirent, path: string): Promise<'file' | 'folder' | 'other'> {
  const known = entry.isFile() || entry.isDirectory() ? entry : await stat(path).catch(() => undefined);
  if (known?.isDirectory()) return 'folder';
  return !known || known.isFile() ? 'file' : 'other';
}

async function read(folder: string): Promise<{ readonly real: string; readonly entries: readonly Dirent[] }> {
  try {
    return { real: await realpath(folder), entries: await readdir(folder, { withFileTypes: true }) };
  } catch (cause) {
    const isMissing = systemCodeOf(cause) === 'ENOENT';
    const message = isMissing
      ? `${folder} does not exist. Name a folder of training images.`
      : `${folder} cannot be read as a folder of images: ${(cause as Error).message}. Name a folder that you may read.`;
    const subject = { file: folder };
    throw new CycleboxError(isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', message, { subject, cause });
  }
}
