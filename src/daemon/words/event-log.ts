/**
 * The latest lines of the log in memory, numbered from the daemon's start, for whoever asks later. It holds so many and no more;
 * what is older stands in the log that the process writes.
 */
import { type Clock, Emitter, type Event, systemClock } from '../../base/index.js';
import type { Said, SaidLevel } from './said.js';

export interface LogLine {
  /** From 1. */
  readonly sequence: number;
  /** Epoch. */
  readonly atMs: number;
  readonly level: SaidLevel;
  readonly text: string;
  readonly job?: string | undefined;
  readonly path?: string | undefined;
  readonly code?: string | undefined;
}

export interface LogQuery {
  /** This level and those above it. Default `debug`: all. */
  readonly level?: SaidLevel | undefined;
  readonly job?: string | undefined;
  /** Part of the text, whichever case. */
  readonly search?: string | undefined;
  /** Only what came after this line. */
  readonly after?: number | undefined;
  /** The latest so many. Default: all that are kept. */
  readonly limit?: number | undefined;
}

const levels: readonly SaidLevel[] = ['debug', 'info', 'warn', 'error'];

export class EventLog {
  readonly #capacity: number;
  readonly #clock: Clock;
  readonly #added = new Emitter<LogLine>();
  /** Up to twice the capacity, cut back then: no shifting at each line. */
  #lines: LogLine[] = [];
  #sequence = 0;

  constructor({ capacity = 2000, clock = systemClock }: { readonly capacity?: number; readonly clock?: Clock } = {}) {
    this.#capacity = capacity;
    this.#clock = clock;
  }

  readonly onLine: Event<LogLine> = this.#added.event;

  add({ level, text, record }: Said): void {
    const word = (key: string) => (typeof record[key] === 'string' ? { [key]: record[key] as string } : {});
    const atMs = Math.trunc(this.#clock.epochMs());
    const line = { sequence: ++this.#sequence, atMs, level, text, ...word('job'), ...word('path'), ...word('code') };
    this.#lines.push(line);
    if (this.#lines.length >= 2 * this.#capacity) this.#lines = this.#lines.slice(-this.#capacity);
    this.#added.fire(line);
  }

  /** Oldest first. */
  lines({ level = 'debug', job, search, after = 0, limit = this.#capacity }: LogQuery = {}): readonly LogLine[] {
    const words = search?.toLowerCase();
    const least = levels.indexOf(level);
    const isAsked = (line: LogLine) =>
      line.sequence > after &&
      levels.indexOf(line.level) >= least &&
      (job === undefined || line.job === job) &&
      (words === undefined || line.text.toLowerCase().includes(words));
    return this.#lines.slice(-this.#capacity).filter(isAsked).slice(-limit);
  }
}
