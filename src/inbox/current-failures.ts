/**
 * The failures of files that are in the inbox now: what `--once` counts and `failed.json` lists. A file that was
 * replaced, done or taken away stands no longer; a whole scan tells what was taken away while nobody looked.
 */

import type { RelativePath } from '../base/index.js';
import type { CurrentFailure } from './inbox-options.js';

export class CurrentFailures {
  readonly #byPath = new Map<RelativePath, CurrentFailure>();
  readonly #onChange: () => void;
  readonly #onGone: (paths: readonly RelativePath[]) => void;
  /** Those that the scan under way has not come across. */
  #unseen: Set<RelativePath> | undefined;

  /**
   * @param onChange called after every change
   * @param onGone told after a scan of the failures whose files it has not seen
   */
  constructor(onChange: () => void, onGone: (paths: readonly RelativePath[]) => void = () => {}) {
    this.#onChange = onChange;
    this.#onGone = onGone;
  }

  values(): Iterable<CurrentFailure> {
    return this.#byPath.values();
  }

  has(path: RelativePath): boolean {
    return this.#byPath.has(path);
  }

  add({ path, error, job }: CurrentFailure): void {
    this.#byPath.set(path, { path, error, job });
    this.#onChange();
  }

  remove(path: RelativePath): void {
    if (this.#byPath.delete(path)) this.#onChange();
  }

  /** Call when a scan begins, and what it returns when it has seen everything: what it has not seen stands no longer. */
  beginScan(): () => void {
    const unseen = new Set(this.#byPath.keys());
    this.#unseen = unseen;
    return () => {
      for (const path of unseen) this.remove(path);
      this.#onGone([...unseen]);
    };
  }

  /** The file is in the inbox. */
  markSeen(path: RelativePath): void {
    this.#unseen?.delete(path);
  }
}
