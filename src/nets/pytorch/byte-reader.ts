/**
 * Bytes of a pickle, one after the other, as the numbers, texts and lengths that opcodes carry. Never reads beyond
 * the end, and never allocates for a length that the bytes behind it do not back.
 */
import type { FileErrors } from './file-error.js';

/** Longest integer and number text that a weight file could have a use for. */
const maxIntegerBytes = 32;
const maxNumberText = 64;

export class ByteReader {
  readonly #bytes: Buffer;

  constructor(
    bytes: Uint8Array,
    /** Of the next byte. */
    public at: number,
    readonly errors: FileErrors,
  ) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes of the whole file. */
  get size(): number {
    return this.#bytes.length;
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  /** A view of the next `count` bytes. */
  take(count: number): Buffer {
    if (count > this.#bytes.length - this.at) throw this.errors.unreadable('it is truncated');
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }

  unsigned(width: 1 | 2 | 4): number {
    return this.take(width).readUIntLE(0, width);
  }

  /** Bytes behind a length that takes `width` bytes itself. */
  sized(width: 1 | 4 | 8): Buffer {
    return this.take(width === 8 ? Number(this.take(8).readBigUInt64LE()) : this.unsigned(width));
  }

  /** Two's complement, little-endian. */
  integer(width: number): number | bigint {
    if (width < 0 || width > maxIntegerBytes) throw this.errors.unreadable(`it has an integer of ${width} bytes`);
    const magnitude = this.take(width).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    return narrow(BigInt.asIntN(8 * width, magnitude));
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.errors.unreadable('it is truncated');
    const text = this.#bytes.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  numberLine(): number {
    return Number(this.#numberText());
  }

  /** `42`, `42L`, and `00` and `01` for booleans. */
  integerLine(): number | bigint | boolean {
    const text = this.#numberText();
    if (text === '00' || text === '01') return text === '01';
    const digits = text.replace(/L$/, '');
    if (!/^[+-]?\d+$/.test(digits)) throw this.errors.unreadable('it has a malformed integer');
    return narrow(BigInt(digits));
  }

  quotedLine(): string {
    const text = this.line();
    if (!/^(['"]).*\1$/s.test(text)) throw this.errors.unreadable('it has a malformed string');
    return text.slice(1, -1);
  }

  #numberText(): string {
    const text = this.line();
    if (text.length > maxNumberText) throw this.errors.unreadable('it has a number of too many digits');
    return text;
  }
}

function narrow(value: bigint): number | bigint {
  return BigInt(Number.MIN_SAFE_INTEGER) <= value && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
