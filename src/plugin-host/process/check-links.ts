/**
 * Looks through a plugin's folder for links that lead out of it. Node's permissions follow links that are there, so that one would
 * open what the manifest does not ask for; a plugin that has one is refused before it starts.
 */
import { readdir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { asCycleboxError, CycleboxError } from '../../base/index.js';

/** Deeper or larger ones are not looked through to the end, and refused. */
const mostEntries = 100_000;

/** @param folder without links itself @throws PLUGIN_UNSAFE naming the link and where it leads, FILE_UNREADABLE */
export async function requireNoLinksOut(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(error => {
    throw asCycleboxError(error, { file: folder }, 'FILE_UNREADABLE');
  });
  if (entries.length > mostEntries)
    throw unsafe(folder, `it holds ${entries.length} files and folders, where ${mostEntries} are allowed`);
  for (const entry of entries) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(entry.parentPath, entry.name);
    const target = await realpath(link).catch(() => undefined);
    // One that leads nowhere opens nothing; should it lead somewhere later, the next start looks again.
    if (target !== undefined && !isWithin(folder, target))
      throw unsafe(link, `it is a link that leads out of the plugin's folder, to ${target}`);
  }
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !/^[a-z]:/i.test(way));
}

function unsafe(file: string, why: string): CycleboxError {
  return new CycleboxError('PLUGIN_UNSAFE', `${file} keeps the plugin from being started: ${why}.`, {
    subject: { file },
  });
}
