/**
 * A finished file gets a name that is free: whole, and never over another file. Hard links do both in one step. Where there
 * are none (exFAT, many shares), an empty file takes the name and is then replaced: whoever looks in between sees it, and
 * a crash in between leaves it. What must stay true: a file that was there before stays as it was.
 */
import { link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { faultPoint } from './fault-points.js';
import { syncFolder } from './files.js';

/** The two calls by which a file gets its name; tests put in their place what other file systems do. */
export interface NamingCalls {
  readonly link: (existing: string, path: string) => Promise<void>;
  readonly rename: (from: string, to: string) => Promise<void>;
}

export const systemNaming: NamingCalls = { link, rename };

/** How a name was given; `taken`: it was not. */
export type NameGiven = 'linked' | 'renamed' | 'taken';

export interface FreeNameOptions {
  /** False where it is known that there are no hard links; default true: they are tried. */
  readonly hasLinks?: boolean;
  readonly calls?: NamingCalls;
}

/**
 * Gives the flushed file `temporary` the name `path`, in the same file system, and flushes the folder. `temporary` is gone
 * then; it is left where it is when the name is taken, and when this throws.
 * @throws the system's error
 */
export async function takeFreeName(
  temporary: string,
  path: string,
  { hasLinks = true, calls = systemNaming }: FreeNameOptions = {},
): Promise<NameGiven> {
  const given = hasLinks ? await linkTo(temporary, path, calls) : 'noLinks';
  if (given === 'noLinks') return replaceReservation(temporary, path, calls);
  if (given === 'taken') return 'taken';
  faultPoint('linked');
  await syncFolder(dirname(path));
  await rm(temporary, { force: true });
  return 'linked';
}

/** Gives `temporary` the name `path`, whatever file had it, and flushes the folder. */
export async function replaceName(temporary: string, path: string, { rename }: NamingCalls): Promise<void> {
  await rename(temporary, path);
  faultPoint('linked');
  await syncFolder(dirname(path));
}

/** Removes the empty file that a crash may have left at a name that was being given without hard links. */
export async function removeReservation(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isFile() && stats.size === 0) await rm(path, { force: true });
}

/** True when a failed `link` says that there are no hard links here (Windows on FAT says EISDIR). */
export function saysNoLinks(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EISDIR', 'EXDEV', 'EMLINK'].includes(code);
}

async function linkTo(temporary: string, path: string, { link }: NamingCalls): Promise<'linked' | 'taken' | 'noLinks'> {
  try {
    await link(temporary, path);
    return 'linked';
  } catch (error) {
    if (isTaken(error)) return 'taken';
    if (saysNoLinks(error)) return 'noLinks';
    throw error;
  }
}

async function replaceReservation(temporary: string, path: string, calls: NamingCalls): Promise<'renamed' | 'taken'> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    if (isTaken(error)) return 'taken';
    throw error;
  }
  try {
    await replaceName(temporary, path, calls);
    return 'renamed';
  } catch (error) {
    await removeReservation(path);
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST';
}
