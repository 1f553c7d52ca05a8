/**
 * Writes `history.jsonl`: events are collected and appended in batches. Nothing in the file is ever changed: what a
 * resumed run does over again is superseded by its `resume` line, and `readHistory` leaves it out.
 *
 * After a flush that failed the events are still here; the next one writes them.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppendFile } from './append-file.js';
import type { HistoryEvent } from './history-event.js';

export const historyPath = (out: string): string => join(out, 'history.jsonl');

const newline = '\n'.charCodeAt(0);

export class HistoryLog {
  readonly #file: AppendFile;
  #lines: string[] = [];
  #opened: Promise<void> | undefined;

  /** @param out the run's folder */
  constructor(out: string) {
    this.#file = new AppendFile(historyPath(out));
  }

  add(event: HistoryEvent): void {
    this.#lines.push(JSON.stringify(event));
  }

  /** @param sync whether to wait until the disk has everything. @throws WRITE_FAILED */
  async flush({ sync = false } = {}): Promise<void> {
    this.#opened ??= this.#endTornLine();
    await this.#opened;
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    try {
      await this.#file.append(Buffer.from(lines.map(line => `${line}\n`).join('')), { sync });
    } catch (error) {
      this.#lines = [...lines, ...this.#lines];
      throw error;
    }
  }

  /** A process that was killed while it wrote has left half a line: the next one must not be its continuation. */
  async #endTornLine(): Promise<void> {
    const last = await lastByte(this.#file.path);
    if (last !== undefined && last !== newline) await this.#file.append(Buffer.of(newline));
  }
}

/** Undefined for a file that is empty or not there. */
async function lastByte(path: string): Promise<number | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    return bytesRead === 1 ? buffer[0] : undefined;
  } finally {
    await handle.close();
  }
}
