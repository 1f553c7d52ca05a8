/**
 * A file that only grows, by pieces that are in it whole or not at all: when a write fails half-way (a full disk), what
 * it had written is cut off again, and the piece can be given once more. Only a killed process can leave half a piece.
 *
 * Calls are carried out in the order in which they were made.
 */
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { orWriteFailed } from './write-failed.js';

export class AppendFile {
  readonly path: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Adds `bytes` at the end; the file and its folder are made when they are not there.
   * @param sync whether to wait until the disk has everything
   * @throws WRITE_FAILED
   */
  append(bytes: Uint8Array, { sync = false } = {}): Promise<void> {
    const next = this.#last.then(() => orWriteFailed(this.path, () => this.#append(bytes, sync)));
    this.#last = next.catch(() => {});
    return next;
  }

  async #append(bytes: Uint8Array, sync: boolean): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const handle = await open(this.path, 'a');
    try {
      const { size } = await handle.stat();
      try {
        await handle.appendFile(bytes);
      } catch (error) {
        await handle.truncate(size);
        throw error;
      }
      if (sync) await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
