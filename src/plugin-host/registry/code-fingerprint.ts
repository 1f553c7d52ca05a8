/**
 * Tells whether the code of a plugin has changed, by names, sizes and times of its files. Not by content, since it is asked
 * often; installed dependencies and hidden folders are passed over, as no author edits them.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const mostFiles = 2000;

/** Folders that hold a plugin's code: its own and those in it, as far as they are looked at. */
export async function codeFolders(folder: string): Promise<readonly string[]> {
  const folders = [folder];
  for (const each of folders) {
    const entries = await readdir(each, { withFileTypes: true }).catch(() => []);
    const inside = entries.filter(entry => entry.isDirectory() && !isPassedOver(entry.name));
    folders.push(...inside.map(entry => join(each, entry.name)).slice(0, mostFolders - folders.length));
  }
  return folders;
}

const mostFolders = 100;

const isPassedOver = (name: string): boolean => name.startsWith('.') || name === 'node_modules';

export async function codeFingerprint(folder: string): Promise<string> {
  const marks: string[] = [];
  await gather(folder, '', marks);
  return marks.join('\n');
}

async function gather(folder: string, way: string, marks: string[]): Promise<void> {
  const entries = await readdir(join(folder, way), { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (isPassedOver(entry.name) || marks.length >= mostFiles) continue;
    const path = join(way, entry.name);
    if (entry.isDirectory()) await gather(folder, path, marks);
    else marks.push(await markOf(folder, path));
  }
}

async function markOf(folder: string, path: string): Promise<string> {
  const status = await stat(join(folder, path), { bigint: true }).catch(() => undefined);
  return `${path}:${status?.size}:${status?.mtimeNs}:${status?.ino}`;
}
