/**
 * Standard output for the daemon's log. What its reader does not take is kept up to a limit, then left out and counted:
 * a reader that stalls costs lines, never memory without end, and never the end of the process.
 */
import type { Writable } from 'node:stream';

export interface LogOutputOptions {
  /** Kept at most for a reader that takes nothing; default 4 MB. */
  readonly mostBytes?: number;
  /** The line that says how many were left out. */
  readonly gap?: (lines: number) => string;
}

export class LogOutput {
  readonly #stream: Pick<Writable, 'write' | 'writableLength' | 'once'>;
  readonly #mostBytes: number;
  readonly #gap: (lines: number) => string;
  #leftOut = 0;

  constructor(stream: Pick<Writable, 'write' | 'writableLength' | 'once'>, options: LogOutputOptions = {}) {
    this.#stream = stream;
    this.#mostBytes = options.mostBytes ?? 4e6;
    this.#gap = options.gap ?? gapRecord;
  }

  /** Handed over at once: what a killed daemon had to say is not lost in a buffer of its own. */
  write(text: string): void {
    if (this.#stream.writableLength > this.#mostBytes) this.#leaveOut();
    else this.#stream.write(text);
  }

  /** Waits until all has been taken, or for so long. @returns whether it has */
  async settled(withinMs: number): Promise<boolean> {
    if (this.#stream.writableLength === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, withinMs);
    });
    const taken = new Promise<void>(resolve => void this.#stream.write('', () => resolve()));
    await Promise.race([taken, late]);
    clearTimeout(timer);
    return this.#stream.writableLength === 0;
  }

  #leaveOut(): void {
    if (this.#leftOut++ > 0) return;
    this.#stream.once('drain', () => {
      const lines = this.#leftOut;
      this.#leftOut = 0;
      this.#stream.write(this.#gap(lines));
    });
  }
}

/** As pino would write it. */
export function gapRecord(lines: number): string {
  return `${JSON.stringify({ level: 40, time: new Date().toISOString(), leftOut: lines, msg: gapText(lines) })}\n`;
}

function gapText(lines: number): string {
  return `${lines} ${lines === 1 ? 'line was' : 'lines were'} left out of the log: nobody read it`;
}
