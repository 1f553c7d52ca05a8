/**
 * Gives a finished, flushed temporary file its name in the outbox, and never overwrites: where the name is taken, by
 * whatever, ` (2)`, ` (3)` … is put before the extension.
 */
import { join } from 'node:path';
import { CycleboxError, publishNoClobber } from '../base/index.js';
import type { RelativePath } from './types.js';

export interface Publication {
  readonly outbox: string;
  /** Absolute, in the folder of the name to be. */
  readonly temporary: string;
  /** The name wished for, relative to the outbox. */
  readonly wanted: RelativePath;
  /** Told of each name before it is tried, so that a crash in between can be told from one before. */
  readonly onAttempt: (candidate: RelativePath) => void;
}

const maxSuffix = 100_000;

/** Returns the name given, relative to the outbox. */
export async function publish({ outbox, temporary, wanted, onAttempt }: Publication): Promise<RelativePath> {
  for (let number = 1; number <= maxSuffix; number++) {
    const candidate = numbered(wanted, number);
    onAttempt(candidate);
    if (await publishNoClobber(temporary, join(outbox, candidate))) return candidate;
  }
  throw new CycleboxError('FILE_EXISTS', `${wanted} and ${maxSuffix} numbered names beside it exist in ${outbox}`);
}

/** `a/b.jpg` → `a/b (2).jpg`; the first is the name itself. */
export function numbered(path: RelativePath, number: number): RelativePath {
  if (number === 1) return path;
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  const end = dot > slash + 1 ? dot : path.length;
  return `${path.slice(0, end)} (${number})${path.slice(end)}`;
}
