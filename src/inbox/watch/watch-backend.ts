/**
 * What tells the seeing half that something may have happened: a source of hints, one of several kinds. Nothing is
 * concluded from a hint and none is counted on; a backend may be silent, late, repeat itself or die, and no file is
 * lost by it. It must only never hold more than a bounded part of the system's watches and memory.
 */
import type { Disposable, Event, RelativePath } from '../../base/index.js';

export interface WatchBackend extends Disposable {
  /** Resolves when what is there now is being watched; hints may come before. Never rejects. */
  readonly ready: Promise<void>;
  /** A path that is worth looking at: a file, or a folder with everything in it; empty for the whole inbox. */
  readonly onHint: Event<RelativePath>;
  /** Hints may be missing from now on. */
  readonly onWarning: Event<unknown>;
  /** The folder is about to be read: from now on what happens in it is to be told. For backends that do not walk. */
  watchFolder?(folder: RelativePath): void;
  /** The folder is no longer there. */
  forgetFolder?(folder: RelativePath): void;
}

export interface WatchBackendOptions {
  /** Absolute. */
  readonly root: string;
  readonly isIgnored: (path: RelativePath) => boolean;
}

export type OpenWatchBackend = (options: WatchBackendOptions) => WatchBackend;

/** Codes of a system that has no more watches, descriptors or memory to give: watching has ended, polling has to do. */
const exhausted: ReadonlySet<string> = new Set(['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM']);

export function isExhausted(error: unknown): boolean {
  return exhausted.has(String((error as NodeJS.ErrnoException | undefined)?.code));
}
