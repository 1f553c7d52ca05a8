/**
 * Folders with images below one root, to train on: names only, counted by extension. Nothing outside the root is ever looked at: links
 * are passed over, and a name that leads out, or through a link, is refused.
 */
import { lstat, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CycleboxError, findLinkedFolder, isJunk, type RelativePath } from '../../base/index.js';

export interface ImageFolder {
  /** Relative to the root, with `/`; empty for the root itself. */
  readonly path: RelativePath;
  readonly images: number;
}

const extensions: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.tif', '.tiff']);
/** Deeper ones, and more, are not for choosing from a list. */
const mostLevels = 5;
const mostFolders = 1000;

/** Those that hold images themselves, by name. A root that is not there has none. */
export async function imageFolders(root: string): Promise<readonly ImageFolder[]> {
  const found: ImageFolder[] = [];
  await look(root, '', 0, found);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function look(root: string, path: RelativePath, level: number, found: ImageFolder[]): Promise<void> {
  if (found.length >= mostFolders) return;
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => []);
  const images = entries.filter(entry => entry.isFile() && extensions.has(extname(entry.name).toLowerCase())).length;
  if (images > 0) found.push({ path, images });
  if (level >= mostLevels) return;
  for (const entry of entries) {
    if (!entry.isDirectory() || isJunk(entry.name)) continue;
    await look(root, path === '' ? entry.name : `${path}/${entry.name}`, level + 1, found);
  }
}

/** The absolute path of a folder below the root. @throws USAGE when it leads out, FILE_NOT_FOUND when it is none */
export async function folderBelow(root: string, path: RelativePath): Promise<string> {
  const parts = path.split('/');
  const leadsOut =
    /[\\\0:]/.test(path) || (path !== '' && parts.some(part => part === '' || part === '.' || part === '..'));
  if (leadsOut) throw new CycleboxError('USAGE', `"${path}" is no folder below ${root}: give one that is listed.`);
  const folder = join(root, path);
  const isLinked = (await findLinkedFolder(root, `${path}/x`)) !== undefined;
  const stats = isLinked ? undefined : await lstat(folder).catch(() => undefined);
  if (stats?.isDirectory()) return folder;
  throw new CycleboxError('FILE_NOT_FOUND', `There is no folder "${path}" below ${root}.`, {
    subject: { file: folder },
  });
}
