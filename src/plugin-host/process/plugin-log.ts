/**
 * A plugin's log file: what its process wrote and what it said by `log`, a line each with the time. Bounded: a full file becomes
 * `plugin.log.1`, in place of the one before. Written behind, in order; a log that cannot be written is no plugin's fault.
 */
import { appendFile, rename, stat } from 'node:fs/promises';
import type { Clock } from '../../base/index.js';

const fullAtBytes = 2 ** 20;

export class PluginLog {
  readonly #file: string;
  readonly #clock: Clock;
  #lines: string[] = [];
  #writing: Promise<void> | undefined;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  add(source: 'stdout' | 'stderr' | 'debug' | 'info' | 'warn' | 'error' | 'host', text: string): void {
    const time = new Date(this.#clock.epochMs()).toISOString();
    this.#lines.push(`${time} ${source} ${text.replaceAll('\n', '\n  ')}\n`);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#lines.length > 0) {
      const text = this.#lines.splice(0).join('');
      try {
        await this.#rotate();
        await appendFile(this.#file, text, { mode: 0o600 });
      } catch {
        return;
      }
    }
  }

  async #rotate(): Promise<void> {
    const { size } = await stat(this.#file).catch(() => ({ size: 0 }));
    if (size >= fullAtBytes) await rename(this.#file, `${this.#file}.1`);
  }
}
