/**
 * Messages over a pipe, for a peer that is not trusted: each is a length (u32, big-endian) and so many bytes of JSON.
 * Unlike Node's own channel, whose reader throws in the middle of the parent's event loop when a child writes rubbish to
 * it, rubbish here is a fault of the link and nothing else. A flood is read a few messages a turn, so that it starves nobody.
 */
import type { Duplex } from 'node:stream';
import { CycleboxError, Emitter, type Event } from '../base/index.js';
import type { Link } from './link.js';
import { isMessage, type Message } from './protocol.js';

export interface FrameLinkOptions {
  /** The peer's name in messages. */
  readonly peer: string;
  /** A longer message is a fault. Default 64 MiB. */
  readonly maxFrameBytes?: number | undefined;
  /** Messages that are heard in one turn of the event loop. Default 64. */
  readonly maxPerTurn?: number | undefined;
}

const lengthBytes = 4;

export class FrameLink implements Link {
  readonly #pipe: Duplex;
  readonly #options: FrameLinkOptions;
  readonly #messages = new Emitter<Message>();
  readonly #faults = new Emitter<CycleboxError>();
  readonly #ends = new Emitter<void>();
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #next: NodeJS.Immediate | undefined;
  #ended = false;

  constructor(pipe: Duplex, options: FrameLinkOptions) {
    this.#pipe = pipe;
    this.#options = options;
    pipe.on('data', (chunk: Buffer) => this.#take(chunk));
    // The end of the process that holds the other end says more than that of the pipe.
    pipe.on('error', () => this.#lost());
    pipe.on('close', () => this.#lost());
  }

  readonly onMessage: Event<Message> = this.#messages.event;
  readonly onFault: Event<CycleboxError> = this.#faults.event;
  readonly onEnd: Event<void> = this.#ends.event;

  get isOpen(): boolean {
    return !this.#ended && this.#pipe.writable;
  }

  send(message: Message): void {
    if (!this.isOpen) throw new CycleboxError('PROTOCOL', `the ${this.#options.peer} has ended`);
    this.#pipe.write(frameOf(message));
  }

  dispose(): void {
    this.#end();
    this.#pipe.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    if (this.#next === undefined) this.#deliver();
  }

  /** Hears what has arrived in full; the rest in later turns, with the pipe held back meanwhile. */
  #deliver(): void {
    this.#next = undefined;
    for (let left = this.#options.maxPerTurn ?? 64; left > 0; left--) {
      const frame = this.#cutFrame();
      if (frame === undefined) {
        this.#pipe.resume();
        return;
      }
      this.#hear(frame);
    }
    this.#pipe.pause();
    this.#next = setImmediate(() => this.#deliver());
  }

  /** The next frame's bytes; undefined when it has not arrived in full, or nothing more is heard. */
  #cutFrame(): Buffer | undefined {
    if (this.#ended || this.#bufferedBytes < lengthBytes) return undefined;
    const head = this.#joined(lengthBytes);
    const length = head.readUInt32BE(0);
    const { maxFrameBytes = 64 * 2 ** 20 } = this.#options;
    if (length > maxFrameBytes) {
      this.#fail(`a message of ${length} bytes, where ${maxFrameBytes} are allowed`);
      return undefined;
    }
    if (this.#bufferedBytes < lengthBytes + length) return undefined;
    const all = this.#joined(lengthBytes + length);
    this.#chunks = all.length > lengthBytes + length ? [all.subarray(lengthBytes + length)] : [];
    this.#bufferedBytes -= lengthBytes + length;
    return all.subarray(lengthBytes, lengthBytes + length);
  }

  /** The first chunk, made to hold at least so many bytes, which have arrived. */
  #joined(bytes: number): Buffer {
    if (this.#chunks[0]!.length < bytes) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }

  #hear(frame: Buffer): void {
    const message = parsed(frame);
    if (isMessage(message)) this.#messages.fire(message);
    else this.#fail(`what is no message: ${JSON.stringify(frame.subarray(0, 60).toString('latin1'))}`);
  }

  #fail(what: string): void {
    if (this.#ended) return;
    const fault = new CycleboxError('PROTOCOL', `the ${this.#options.peer} sent ${what}`);
    this.#faults.fire(fault);
    this.dispose();
  }

  #lost(): void {
    if (this.#ended) return;
    this.#end();
    this.#ends.fire();
  }

  #end(): void {
    this.#ended = true;
    clearImmediate(this.#next);
    this.#chunks = [];
    this.#bufferedBytes = 0;
  }
}

/** The bytes that say `message`. */
export function frameOf(message: Message): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  const frame = Buffer.allocUnsafe(lengthBytes + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, lengthBytes);
  return frame;
}

/** Undefined for what is no JSON. */
function parsed(frame: Buffer): unknown {
  try {
    return JSON.parse(frame.toString('utf8'));
  } catch {
    return undefined;
  }
}
