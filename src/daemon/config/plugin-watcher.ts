/**
 * Tells that something has changed in the folders of plugins, or in what was decided of them. A hint only: whoever hears it looks
 * at the plugins again, and looks now and then without it, since watches fail on network shares and run out.
 */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Disposable, Emitter, type Event } from '../../base/index.js';
import { enablementFile, type PluginSet, type PluginSetOptions, pluginFolders } from '../../plugin-host/index.js';

/** A plugin that is being built or copied comes to rest first. */
const restMs = 300;

export class PluginWatcher implements Disposable {
  readonly #changes = new Emitter<void>();
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | undefined;

  readonly onChange: Event<void> = this.#changes.event;

  /** Watches what these plugins lie in from now on, and no more what earlier ones did. */
  async follow(options: PluginSetOptions, set: PluginSet): Promise<void> {
    const folders = new Set(await pluginFolders(options, set));
    for (const [folder, watcher] of this.#watchers) if (!folders.has(folder)) this.#drop(folder, watcher);
    for (const folder of folders) this.#add(folder);
    if (options.state !== undefined) this.#addFile(enablementFile(options.state));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const [folder, watcher] of this.#watchers) this.#drop(folder, watcher);
    this.#changes.dispose();
  }

  #add(folder: string, isOurs: (name: string | null) => boolean = () => true): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => isOurs(name) && this.#changed());
      watcher.on('error', () => this.#drop(folder, watcher));
      this.#watchers.set(folder, watcher);
    } catch {
      // Not there yet, or out of watches: the looks now and then have to do.
    }
  }

  /** The journal, which lies beside it, is written to all the time. */
  #addFile(path: string): void {
    const file = basename(path);
    this.#add(dirname(path), name => name === null || name === file);
  }

  #drop(folder: string, watcher: FSWatcher): void {
    watcher.close();
    this.#watchers.delete(folder);
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changes.fire(), restMs);
    this.#timer.unref();
  }
}
