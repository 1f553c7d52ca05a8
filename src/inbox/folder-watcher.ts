/**
 * Hints that something may have happened to a path. Nothing is concluded from a hint, and none is counted on: they
 * come twice, late, or not at all (network shares, exhausted inotify watches), which is why the inbox also scans.
 */
import { basename, relative, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { asCycleboxError, type CycleboxError, type Disposable, Emitter, type Event } from '../base/index.js';
import { isJunk } from './junk.js';
import type { RelativePath } from './types.js';

export class FolderWatcher implements Disposable {
  readonly #watcher: FSWatcher;
  readonly #hints = new Emitter<RelativePath>();
  readonly #troubles = new Emitter<CycleboxError>();

  /** Resolves when the folder is being watched; hints may come before. Never rejects. */
  readonly ready: Promise<void>;

  constructor(root: string) {
    this.#watcher = watch(root, {
      ignoreInitial: true,
      followSymlinks: false,
      awaitWriteFinish: false,
      atomic: false,
      ignorePermissionErrors: false,
      ignored: path => path !== root && isJunk(basename(path)),
    });
    const hint = (path: string) => this.#hints.fire(relative(root, path).split(sep).join('/'));
    this.#watcher.on('add', hint).on('change', hint).on('unlink', hint);
    this.#watcher.on('error', error => this.#troubles.fire(asCycleboxError(error, { file: root })));
    this.ready = new Promise(resolve => this.#watcher.once('ready', () => resolve()));
  }

  /** A path that is worth looking at. */
  readonly onHint: Event<RelativePath> = this.#hints.event;

  /** The watcher may have gone blind. */
  readonly onTrouble: Event<CycleboxError> = this.#troubles.event;

  async dispose(): Promise<void> {
    this.#hints.dispose();
    this.#troubles.dispose();
    await this.#watcher.close();
  }
}
