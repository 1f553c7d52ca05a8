/**
 * What a plugin remembers: one JSON object in a file, kept by the host, bounded, each change written whole before it is answered.
 * Keys are only ever those of a `Map`: whatever they are called, nobody's prototype hears of them.
 */
import { asCycleboxError, CycleboxError, readRegularText, writeFileAtomic } from '../../base/index.js';

const mostBytes = 2 ** 20;

export class PluginStore {
  readonly #file: string;
  #values: Map<string, unknown> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param file readable by the user only */
  constructor(file: string) {
    this.#file = file;
  }

  /** @throws FILE_UNREADABLE */
  async get(key: string): Promise<unknown> {
    return (await this.#load()).get(key);
  }

  /** @throws FILE_UNREADABLE */
  async all(): Promise<Readonly<Record<string, unknown>>> {
    return Object.fromEntries(await this.#load());
  }

  /** `undefined` removes. @throws PLUGIN_FAILED when it would be too much, WRITE_FAILED */
  set(key: string, value: unknown): Promise<void> {
    const change = this.#turn.then(() => this.#set(key, value));
    this.#turn = change.catch(() => {});
    return change;
  }

  /** Resolves when every change has been written. */
  async flushed(): Promise<void> {
    await this.#turn;
  }

  async #set(key: string, value: unknown): Promise<void> {
    const next = new Map(await this.#load());
    if (value === undefined || value === null) next.delete(key);
    else next.set(key, value);
    const text = JSON.stringify(Object.fromEntries(next));
    if (text.length > mostBytes)
      throw new CycleboxError(
        'PLUGIN_FAILED',
        `keeps too much: ${text.length} characters, where ${mostBytes} are allowed`,
      );
    await writeFileAtomic(this.#file, text, 0o600).catch(error => {
      throw asCycleboxError(error, { file: this.#file }, 'WRITE_FAILED');
    });
    this.#values = next;
  }

  async #load(): Promise<ReadonlyMap<string, unknown>> {
    this.#values ??= new Map(Object.entries(await this.#read()));
    return this.#values;
  }

  async #read(): Promise<object> {
    try {
      const parsed: unknown = JSON.parse(await readRegularText(this.#file));
      return typeof parsed === 'object' && parsed !== null ? parsed : {};
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw asCycleboxError(error, { file: this.#file }, 'FILE_UNREADABLE');
    }
  }
}
