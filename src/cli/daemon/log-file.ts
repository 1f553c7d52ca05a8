/**
 * The daemon's log in a file of its own, which is put aside when it is full: PATH.1 is the newest of those, and so many are kept. A file
 * that cannot be written to costs lines of the file, which are counted in it, never the daemon: it is tried again after a while.
 */
import { basename, dirname } from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { type Clock, CycleboxError, systemClock } from '../../base/index.js';
import type { LogFileConfig } from '../../daemon/index.js';
import { gapRecord, LogOutput } from './log-output.js';

/** Between attempts at a file that cannot be written to. */
const againMs = 60_000;

export interface LogFileOptions {
  /** Told once for each time that the file begins to fail. */
  readonly onFault: (error: CycleboxError) => void;
  readonly clock?: Clock;
}

export class LogFile {
  readonly #config: LogFileConfig;
  readonly #onFault: (error: CycleboxError) => void;
  readonly #clock: Clock;
  #stream: RotatingFileStream | undefined;
  #output: LogOutput | undefined;
  #failedMs: number | undefined;
  #leftOut = 0;

  constructor(config: LogFileConfig, { onFault, clock = systemClock }: LogFileOptions) {
    this.#config = config;
    this.#onFault = onFault;
    this.#clock = clock;
  }

  /** The file is opened with the first line: a daemon that is refused since another runs touches nothing. */
  write(text: string): void {
    if (this.#failedMs !== undefined && this.#clock.monotonicMs() - this.#failedMs < againMs) {
      this.#leftOut++;
      return;
    }
    const output = this.#output ?? this.#open();
    if (this.#leftOut > 0) output.write(gapRecord(this.#leftOut));
    this.#leftOut = 0;
    output.write(text);
  }

  /** Waits until the file has all, or for so long. @returns whether it has */
  async settled(withinMs: number): Promise<boolean> {
    return (await this.#output?.settled(withinMs)) ?? true;
  }

  /** What was written before is in the file. */
  async dispose(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#output = undefined;
    if (stream && !stream.destroyed) await new Promise<void>(resolve => void stream.end(resolve));
  }

  #open(): LogOutput {
    const { path, maxMegabytes, keep } = this.#config;
    const size = `${Math.ceil(maxMegabytes * 1e6)}B`;
    const nameOf = (index: number | Date | null) => (index ? `${basename(path)}.${Number(index)}` : basename(path));
    const stream = createStream(nameOf, { path: dirname(path), size, rotate: keep });
    // Those that are to be put aside and cannot be: the file goes on growing.
    stream.on('warning', error => this.#fault(error));
    stream.on('error', error => {
      if (this.#stream !== stream) return;
      this.#failedMs = this.#clock.monotonicMs();
      this.#stream = undefined;
      this.#output = undefined;
      this.#fault(error);
    });
    this.#stream = stream;
    this.#failedMs = undefined;
    this.#output = new LogOutput(stream);
    return this.#output;
  }

  #fault(cause: Error): void {
    const { path } = this.#config;
    const message = `The log file ${path} could not be written to: ${cause.message}. Standard output has the log; make room, or change "logFile".`;
    this.#onFault(new CycleboxError('WRITE_FAILED', message, { subject: { file: path }, cause }));
  }
}
