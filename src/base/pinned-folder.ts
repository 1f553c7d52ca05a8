/**
 * A folder that is held open while something is done in it. Names in it are reached through the folder itself and not by its
 * path, so that a link which is put in the place of it, or of one above, meanwhile leads nobody elsewhere. Linux lends such a
 * way (`/proc/self/fd`); where there is none, the path is used, and the folder is only looked at before and after.
 */
import { constants, existsSync, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findLinkedFolder } from './linked-folder.js';
import type { RelativePath } from './relative-path.js';

/** A folder on the way is a link, or another has taken its place meanwhile. */
export class FolderSwappedError extends Error {
  readonly code = 'ELOOP';
  /** Relative to the root. */
  readonly folder: RelativePath;

  constructor(folder: RelativePath) {
    super(`${folder} is a link, or was another folder a moment ago`);
    this.folder = folder;
  }
}

/** Asked where it is needed: a process that may not look there needs it not. */
const hasDescriptorPaths = (): boolean => process.platform === 'linux' && existsSync('/proc/self/fd');

const folderFlags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);

/**
 * @param root absolute; may itself be a link
 * @param folder below it, with `/`; empty for the root
 * @param use is given the path by which the folder is to be reached, and `undo`ne where it is not in its place at the end
 * @throws FolderSwappedError, or what the system says
 */
export async function inPinnedFolder<T>(
  root: string,
  folder: RelativePath,
  use: (at: string) => Promise<T>,
  undo: (at: string) => Promise<void> = async () => {},
): Promise<T> {
  const handle = await openFolder(root, folder);
  try {
    const at = hasDescriptorPaths() ? descriptorPath(handle) : join(root, folder);
    const result = await use(at);
    if (await isInPlace(handle, root, folder)) return result;
    await undo(at);
    throw new FolderSwappedError(folder);
  } finally {
    await handle.close();
  }
}

async function openFolder(root: string, folder: RelativePath): Promise<FileHandle> {
  if (!hasDescriptorPaths()) return openByPath(root, folder);
  let handle = await open(root, folderFlags);
  const parts = folder.split('/').filter(part => part !== '');
  for (const [index, part] of parts.entries()) {
    const inner = await openWithin(handle, part, parts.slice(0, index + 1).join('/')).finally(() => handle.close());
    handle = inner;
  }
  return handle;
}

async function openWithin(outer: FileHandle, name: string, folder: RelativePath): Promise<FileHandle> {
  try {
    return await open(join(descriptorPath(outer), name), folderFlags | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ELOOP' || code === 'ENOTDIR' ? new FolderSwappedError(folder) : error;
  }
}

async function openByPath(root: string, folder: RelativePath): Promise<FileHandle> {
  const handle = await open(join(root, folder), folderFlags);
  const linked = await linkOnTheWay(root, folder);
  if (linked === undefined) return handle;
  await handle.close();
  throw new FolderSwappedError(linked);
}

async function isInPlace(handle: FileHandle, root: string, folder: RelativePath): Promise<boolean> {
  const [held, there] = await Promise.all([handle.stat(), stat(join(root, folder)).catch(() => undefined)]);
  return there !== undefined && isSame(held, there) && (await linkOnTheWay(root, folder)) === undefined;
}

async function linkOnTheWay(root: string, folder: RelativePath): Promise<RelativePath | undefined> {
  return folder === '' ? undefined : findLinkedFolder(root, `${folder}/.`);
}

function isSame(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

function descriptorPath({ fd }: FileHandle): string {
  return `/proc/self/fd/${fd}`;
}
