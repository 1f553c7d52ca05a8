/**
 * Files that appear whole or not at all. Everything here survives a crash between any two system calls: a temporary
 * file in the same folder is written, flushed, then renamed, and the folder is flushed after it. `free-name.ts` has what never
 * replaces a file.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { FileContent, FileIdentity } from './file-identity.js';
import { type OpenRegularFileOptions, type RegularFile, withRegularFile } from './regular-file.js';

const temporaryPrefix = '.cyclebox-';
const temporarySuffix = '.tmp';

const hashedAtOnce = 2 ** 20;

/**
 * A fresh name for a temporary file beside `path`; hidden, and recognised by `isTemporaryName`.
 * @param owner who may sweep it, for `temporaryOwner`: lower-case letters, digits and dots
 */
export function temporaryPathFor(path: string, owner?: string): string {
  const stem = [...basename(path)].slice(0, 30).join('');
  const mark = owner === undefined ? '' : `@${owner}@`;
  const name = `${temporaryPrefix}${mark}${stem}-${randomBytes(6).toString('hex')}${temporarySuffix}`;
  return join(dirname(path), name);
}

/** Beside the temporary of a large image's result: its source's pixels, and those of the result. */
export interface PixelPaths {
  readonly source: string;
  readonly result: string;
}

/** Their endings say their formats. */
const pixelEndings = { source: '.v', result: '.tif' } as const;

/** Named after the temporary, so that whoever sweeps it sweeps them. */
export function pixelPathsFor(temporary: string): PixelPaths {
  return { source: `${temporary}${pixelEndings.source}`, result: `${temporary}${pixelEndings.result}` };
}

const bytesEnding = '.8.tif';

/** Where a result of 16 bits lies in 8, for formats that have no more. */
export function pixelsInBytes(result: string): string {
  return result.slice(0, result.length - pixelEndings.result.length) + bytesEnding;
}

/** The name of the temporary that a file of pixels is beside; else the name itself. */
export function withoutPixelEnding(name: string): string {
  const ending = [bytesEnding, ...Object.values(pixelEndings)].find(each => name.endsWith(each)) ?? '';
  return name.slice(0, name.length - ending.length);
}

/** True for names made by `temporaryPathFor`, and of pixels beside them: such files may be swept when no process owns them. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(temporaryPrefix) && withoutPixelEnding(name).endsWith(temporarySuffix);
}

/** The owner in a temporary's name; undefined when it has none, or when it is no temporary's name. */
export function temporaryOwner(name: string): string | undefined {
  if (!isTemporaryName(name)) return undefined;
  return /^@([a-z0-9.]+)@/.exec(name.slice(temporaryPrefix.length))?.[1];
}

/** Flushes a file's content to the disk. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Flushes a folder's entries to the disk; a no-op where folders cannot be opened (Windows). */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a folder and those above it, as far as they are missing, and flushes the folders that hold them: what is flushed in them
 * later is not lost with them. One that this process may write to and not read is left to the system.
 */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  const outermost = resolve(first);
  for (let made = resolve(path); made.length >= outermost.length; made = dirname(made)) {
    await syncFolder(dirname(made)).catch(() => {});
  }
}

/**
 * Writes a whole file, replacing what was there: readers see the old content or the new, never a part.
 * @param mode its permissions, less the process's mask; default: as others make files
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode?: number): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = temporaryPathFor(path);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** SHA-256 of a regular file's content, in lower-case hex. */
export async function sha256File(path: string): Promise<string> {
  return (await contentOf(path, { followLinks: true })).sha256;
}

export interface ReadContent extends FileContent {
  readonly sha256: string;
  readonly identity: FileIdentity;
}

/** What a regular file is, and what is in it. By default, a link is refused. @throws NotRegularFileError, or what the system says */
export function contentOf(path: string, { followLinks = false }: OpenRegularFileOptions = {}): Promise<ReadContent> {
  return withRegularFile(path, file => readThrough(file), { followLinks });
}

/** Copies to where there is no file yet, flushes, and says what was read. A link is refused. @throws as `contentOf` does */
export async function copyRegularFile(from: string, to: string): Promise<ReadContent> {
  const copy = await open(to, 'wx');
  try {
    const content = await withRegularFile(from, file => readThrough(file, some => copy.writeFile(some)), {
      followLinks: false,
    });
    await copy.sync();
    return content;
  } finally {
    await copy.close();
  }
}

async function readThrough(
  { identity, changed, read }: RegularFile,
  onRead: (some: Buffer) => Promise<void> = async () => {},
): Promise<ReadContent> {
  const hash = createHash('sha256');
  let at = 0;
  for (let some = await read(0, hashedAtOnce); some.length > 0; some = await read(at, hashedAtOnce)) {
    hash.update(some);
    await onRead(some);
    at += some.length;
  }
  return { identity, changed, sha256: hash.digest('hex') };
}
