/**
 * The steps on files that publishing is made of: recognising a file again, giving it a name that is free, giving it a
 * name that may be taken. Nothing here knows of jobs, ledgers or policies.
 */
import { createReadStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { faultPoint, identify, syncFolder } from '../../base/index.js';
import { type NamingCalls, saysNoLinks } from './outbox-probe.js';
import type { FileMark } from './publisher.js';

/** Undefined when there is no such file. Links to a file share its mark, and renaming does not change it. */
export const markOf: (path: string) => Promise<FileMark | undefined> = identify;

/** True when the marks are one file's; without the inode, which some file systems make up anew, when `loosely`. */
export function isSameMark(a: FileMark | undefined, b: FileMark | undefined, loosely = false): boolean {
  if (a === undefined || b === undefined) return false;
  return loosely ? a.slice(a.indexOf(':')) === b.slice(b.indexOf(':')) : a === b;
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(gone)) !== undefined;
}

/** How a name was given; `taken`: it was not. */
export type NameGiven = 'linked' | 'renamed' | 'taken';

/**
 * Gives `temporary` the name `path` unless that is taken, flushes the folder, and removes the temporary's own name.
 * Without hard links it looks and then renames, so that a foreign program could come in between.
 */
export async function takeFreeName(
  temporary: string,
  path: string,
  hasLinks: boolean,
  calls: NamingCalls,
): Promise<NameGiven> {
  const given = hasLinks ? await linkTo(temporary, path, calls) : 'noLinks';
  if (given === 'taken') return 'taken';
  if (given === 'linked') {
    faultPoint('linked');
    await syncFolder(dirname(path));
    await rm(temporary, { force: true });
    return 'linked';
  }
  if (await exists(path)) return 'taken';
  await replaceName(temporary, path, calls);
  return 'renamed';
}

/** Gives `temporary` the name `path`, whatever file had it, and flushes the folder. */
export async function replaceName(temporary: string, path: string, { rename }: NamingCalls): Promise<void> {
  await rename(temporary, path);
  faultPoint('linked');
  await syncFolder(dirname(path));
}

async function linkTo(temporary: string, path: string, { link }: NamingCalls): Promise<'linked' | 'taken' | 'noLinks'> {
  try {
    await link(temporary, path);
    return 'linked';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'taken';
    if (saysNoLinks(error)) return 'noLinks';
    throw error;
  }
}

/** True when both are regular files with the same bytes. */
export async function haveSameContent(a: string, b: string): Promise<boolean> {
  const [statsA, statsB] = await Promise.all([a, b].map(path => lstat(path).catch(gone)));
  if (!statsA?.isFile() || !statsB?.isFile() || statsA.size !== statsB.size) return false;
  const [chunksA, chunksB] = [chunksOf(a), chunksOf(b)];
  for (;;) {
    const [one, two] = await Promise.all([chunksA.next(), chunksB.next()]);
    if (one.done || two.done) return Boolean(one.done && two.done);
    if (!one.value.equals(two.value)) return false;
  }
}

function chunksOf(path: string): AsyncIterator<Buffer> {
  return createReadStream(path, { highWaterMark: 1 << 18 })[Symbol.asyncIterator]();
}

export function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
