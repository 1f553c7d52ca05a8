/**
 * A child's output, cut into lines and kept within bounds: a line is at most `maxLineLength` characters, at most
 * `maxLinesPerSecond` are passed on, and only the last few are remembered (to quote when the child crashes). A child
 * that floods its output costs its owner neither memory nor log space; what was dropped is counted and said.
 */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { type Clock, systemClock } from '../base/index.js';

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface OutputCaptureOptions {
  readonly onLine?: ((line: OutputLine) => void) | undefined;
  readonly maxLineLength?: number | undefined;
  readonly maxLinesPerSecond?: number | undefined;
  readonly rememberedLines?: number | undefined;
  readonly clock?: Clock | undefined;
}

export class OutputCapture {
  readonly #onLine: (line: OutputLine) => void;
  readonly #maxLineLength: number;
  readonly #maxLinesPerSecond: number;
  readonly #rememberedLines: number;
  readonly #clock: Clock;
  readonly #recent: string[] = [];
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #passed = 0;
  #dropped = 0;

  constructor(options: OutputCaptureOptions = {}) {
    this.#onLine = options.onLine ?? (() => {});
    this.#maxLineLength = options.maxLineLength ?? 10_000;
    this.#maxLinesPerSecond = options.maxLinesPerSecond ?? 200;
    this.#rememberedLines = options.rememberedLines ?? 50;
    this.#clock = options.clock ?? systemClock;
  }

  /** The last lines, oldest first. */
  get recent(): readonly string[] {
    return this.#recent;
  }

  /** The last few lines that say something: no stack frames, rulers or blank lines. For messages about a crash. */
  get lastOutput(): readonly string[] {
    return this.#recent.filter(line => !isTrace(line)).slice(-3);
  }

  attach(readable: Readable, stream: OutputLine['stream']): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    readable.on('data', (chunk: Buffer) => {
      rest = this.#cut(rest + decoder.write(chunk), stream);
    });
    readable.on('end', () => {
      const last = rest + decoder.end();
      rest = '';
      if (last !== '') this.#line(last, stream);
    });
    // The pipe of a killed child may fail; its exit is reported elsewhere.
    readable.on('error', () => {});
  }

  /** Passes on the whole lines of `text` and returns what follows them; a too long line counts as whole. */
  #cut(text: string, stream: OutputLine['stream']): string {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#line(text.slice(start, end).replace(/\r$/, ''), stream);
      start = end + 1;
    }
    const rest = text.slice(start);
    if (rest.length < this.#maxLineLength) return rest;
    this.#line(rest, stream);
    return '';
  }

  #line(whole: string, stream: OutputLine['stream']): void {
    const text = whole.length > this.#maxLineLength ? `${whole.slice(0, this.#maxLineLength)}…` : whole;
    this.#recent.push(text);
    if (this.#recent.length > this.#rememberedLines) this.#recent.shift();
    this.#startWindow(stream);
    if (this.#passed >= this.#maxLinesPerSecond) {
      this.#dropped++;
      return;
    }
    this.#passed++;
    this.#onLine({ stream, text });
  }

  #startWindow(stream: OutputLine['stream']): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs < 1000) return;
    this.#windowStartMs = nowMs;
    this.#passed = 0;
    if (this.#dropped === 0) return;
    this.#onLine({ stream, text: `… ${this.#dropped} lines dropped` });
    this.#dropped = 0;
  }
}

/** A line of a stack trace as Node prints it, or its decoration. */
function isTrace(line: string): boolean {
  return /^\s*(?:at |\d+: |-----|[\^{}[\]]*$|throw |code: |requireStack|Node\.js v|node:internal)/.test(line);
}
