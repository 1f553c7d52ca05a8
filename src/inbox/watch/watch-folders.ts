/**
 * Hints with one watch a folder, for inboxes of many files: memory and inotify watches grow with the folders, not
 * the files. It does not walk: the scan names each folder before it reads it, so that nothing falls between the two.
 * Where the system watches whole trees (macOS, Windows) one watch is enough.
 */
import { type FSWatcher, watch } from 'node:fs';
import { join, sep } from 'node:path';
import { Emitter, type RelativePath } from '../../base/index.js';
import type { OpenWatchBackend, WatchBackend, WatchBackendOptions } from './watch-backend.js';

const watchesTrees = process.platform === 'darwin' || process.platform === 'win32';

export const openFolderWatches: OpenWatchBackend = options => new FolderWatches(options);

class FolderWatches implements WatchBackend {
  readonly #options: WatchBackendOptions;
  readonly #watches = new Map<RelativePath, FSWatcher>();
  readonly #hints = new Emitter<RelativePath>();
  readonly #warnings = new Emitter<unknown>();
  readonly ready = Promise.resolve();

  constructor(options: WatchBackendOptions) {
    this.#options = options;
    this.watchFolder('');
  }

  readonly onHint = this.#hints.event;
  readonly onWarning = this.#warnings.event;

  /** Watches anew what is watched already: the folder may have been replaced by another of the same name. */
  watchFolder(folder: RelativePath): void {
    if (watchesTrees && folder !== '') return;
    const old = this.#watches.get(folder);
    try {
      this.#watches.set(folder, this.#open(folder));
      // Only now: there is no instant at which nobody watches.
      old?.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.forgetFolder(folder);
      else this.#warn(error);
    }
  }

  forgetFolder(folder: RelativePath): void {
    if (folder === '') return;
    for (const [path, watcher] of this.#watches) {
      if (path !== folder && !path.startsWith(`${folder}/`)) continue;
      watcher.close();
      this.#watches.delete(path);
    }
  }

  dispose(): void {
    this.#hints.dispose();
    this.#warnings.dispose();
    for (const watcher of this.#watches.values()) watcher.close();
    this.#watches.clear();
  }

  #open(folder: RelativePath): FSWatcher {
    const path = join(this.#options.root, folder);
    const watcher = watch(path, { recursive: watchesTrees }, (_, name) => this.#hint(folder, name ?? ''));
    watcher.on('error', error => this.#warn(error));
    return watcher;
  }

  #hint(folder: RelativePath, name: string): void {
    const path = [folder, ...name.split(sep)].filter(part => part !== '').join('/');
    if (path === '' || !this.#options.isIgnored(path)) this.#hints.fire(path);
  }

  /** Told later: whoever opens this backend listens only when it is open. */
  #warn(error: unknown): void {
    setImmediate(() => this.#warnings.fire(error));
  }
}
