/**
 * Recognising a file again, by its mark and by its bytes, as publishing needs it. Names are given by `base/free-name.ts`.
 * Nothing here knows of jobs, ledgers or policies.
 */
import { lstat } from 'node:fs/promises';
import { identify, type RegularFile, undefinedIfGone, withoutBirth, withRegularFile } from '../../base/index.js';
import type { OutputIdentity } from './publisher.js';

/** Of a comparison. */
const chunkBytes = 1 << 18;

/** Undefined when there is no such file. Links to a file share its mark, and renaming does not change it. */
export async function identityOf(path: string): Promise<OutputIdentity | undefined> {
  const identity = await identify(path);
  return identity === undefined ? undefined : withoutBirth(identity);
}

/** True when the marks are one file's; without the inode, which some file systems make up anew, when `loosely`. */
export function isSameFile(a: OutputIdentity | undefined, b: OutputIdentity | undefined, loosely = false): boolean {
  if (a === undefined || b === undefined) return false;
  const [one, two] = [a, b].map(withoutBirth) as [OutputIdentity, OutputIdentity];
  return loosely ? one.slice(one.indexOf(':')) === two.slice(two.indexOf(':')) : one === two;
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(undefinedIfGone)) !== undefined;
}

/** True when both are regular files with the same bytes. */
export async function haveSameContent(a: string, b: string): Promise<boolean> {
  const [statsA, statsB] = await Promise.all([a, b].map(path => lstat(path).catch(undefinedIfGone)));
  if (!statsA?.isFile() || !statsB?.isFile() || statsA.size !== statsB.size) return false;
  const options = { followLinks: false };
  return withRegularFile(a, one => withRegularFile(b, other => haveSameBytes(one, other), options), options);
}

async function haveSameBytes(a: RegularFile, b: RegularFile): Promise<boolean> {
  for (let at = 0; ; at += chunkBytes) {
    const [one, other] = await Promise.all([a.read(at, chunkBytes), b.read(at, chunkBytes)]);
    if (!one.equals(other)) return false;
    if (one.length < chunkBytes) return true;
  }
}
