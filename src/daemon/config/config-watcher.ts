/**
 * Tells when a file has another content than before: told by the folder's events, which also see editors that write
 * beside and rename, and by a look every two seconds, which sees through links and on network shares. Waits until the
 * content has come to rest; a file that is gone is waited for.
 */
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type Disposable, Emitter, type Event, readRegularText } from '../../base/index.js';

const restMs = 150;
const lookEveryMs = 2000;

export class ConfigWatcher implements Disposable {
  readonly #path: string;
  readonly #changes = new Emitter<void>();
  #known: string | undefined;
  #watcher: FSWatcher | undefined;
  #looking = false;
  #again = false;
  #disposed = false;
  readonly #timer: NodeJS.Timeout;

  /** The first look, whenever it comes, tells of a change. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, () => void this.look());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // Out of watches: the looks have to do.
    }
    this.#timer = setInterval(() => void this.look(), lookEveryMs);
    this.#timer.unref();
  }

  /** The file's content has changed and rests. */
  readonly onChange: Event<void> = this.#changes.event;

  async look(): Promise<void> {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    while (this.#again && !this.#disposed) {
      this.#again = false;
      await this.#compare();
    }
    this.#looking = false;
  }

  dispose(): void {
    this.#disposed = true;
    clearInterval(this.#timer);
    this.#watcher?.close();
    this.#changes.dispose();
  }

  async #compare(): Promise<void> {
    let content = await this.#read();
    if (content === undefined || content === this.#known) return;
    for (;;) {
      await new Promise(resolve => setTimeout(resolve, restMs));
      const later = await this.#read();
      if (this.#disposed || later === undefined) return;
      if (later === content) break;
      content = later;
    }
    if (content === this.#known) return;
    this.#known = content;
    this.#changes.fire();
  }

  /** Undefined when it cannot be read now: an editor may be about to rename the new one into place. */
  #read(): Promise<string | undefined> {
    return readRegularText(this.#path).catch(() => undefined);
  }
}
