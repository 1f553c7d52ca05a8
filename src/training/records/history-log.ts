/**
 * Writes `history.jsonl`: events are collected and appended in batches. Nothing in the file is ever changed: what a
 * resumed run does over again is superseded by its `resume` line, and `readHistory` leaves it out.
 *
 * After a flush that failed the events are still here; the next one writes them.
 */
import { join } from 'node:path';
import { withRegularFile } from '../../base/index.js';
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
  const last = await withRegularFile(path, ({ size, read }) => read(Math.max(0, size - 1), 1)).catch(() => undefined);
  return last?.[0];
}
