/**
 * A BigTIFF without compression, written row by row: what pixels lie in on their way to an encoder that takes them row by
 * row, too (Adobe TIFF 6.0; BigTIFF as libtiff has it).
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Samples } from '../picture/index.js';

export interface RawTiffOptions {
  readonly width: number;
  readonly height: number;
  /** 4: the last is opacity, not premultiplied. */
  readonly channels: 3 | 4;
  /** Bits of each value. Default 8. */
  readonly depth?: 8 | 16 | undefined;
  /** The ICC profile of its colours. Default: it has none. */
  readonly icc?: Uint8Array | undefined;
}

const stripRows = 16;
const [short, undefinedBytes, long8] = [3, 7, 16];

export class RawTiff {
  readonly #file: FileHandle;
  readonly #rowBytes: number;
  readonly #pixelsAt: number;

  private constructor(file: FileHandle, rowBytes: number, pixelsAt: number) {
    this.#file = file;
    this.#rowBytes = rowBytes;
    this.#pixelsAt = pixelsAt;
  }

  /** The file must not exist. */
  static async create(path: string, options: RawTiffOptions): Promise<RawTiff> {
    const head = headOf(options);
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(head);
      return new RawTiff(file, rowBytesOf(options), head.length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Interleaved channels of whole rows, as deep as was said. */
  async write(from: number, rows: Samples): Promise<void> {
    const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
    const at = this.#pixelsAt + from * this.#rowBytes;
    for (let done = 0; done < bytes.length; )
      done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

const rowBytesOf = ({ width, channels, depth = 8 }: RawTiffOptions): number => (width * channels * depth) / 8;

type Field = readonly [tag: number, type: number, count: number, value: bigint | Buffer];

/** Header, directory, what does not fit into its fields, and where the strips lie behind all that. */
function headOf(options: RawTiffOptions): Buffer {
  const { width, height, channels, depth = 8, icc } = options;
  const strips = Math.ceil(height / stripRows);
  const stripBytes = stripRows * rowBytesOf(options);
  const offsets = Buffer.alloc(strips * 8);
  const lengths = Buffer.alloc(strips * 8);
  const fields: readonly Field[] = [
    [256, long8, 1, BigInt(width)],
    [257, long8, 1, BigInt(height)],
    [258, short, channels, Buffer.from(new Uint16Array(channels).fill(depth).buffer)],
    [259, short, 1, 1n],
    [262, short, 1, 2n],
    [273, long8, strips, offsets],
    [277, short, 1, BigInt(channels)],
    [278, long8, 1, BigInt(stripRows)],
    [279, long8, strips, lengths],
    [284, short, 1, 1n],
    ...(channels === 4 ? ([[338, short, 1, 2n]] as const) : []),
    ...(icc ? ([[34_675, undefinedBytes, icc.length, Buffer.from(icc)]] as const) : []),
  ];
  const directoryBytes = 8 + fields.length * 20 + 8;
  const beside = fields.reduce((sum, [, , , value]) => sum + bytesBeside(value), 0);
  const headBytes = 16 + directoryBytes + beside;
  for (let i = 0; i < strips; i++) {
    const rows = Math.min(stripRows, height - i * stripRows);
    offsets.writeBigUInt64LE(BigInt(headBytes + i * stripBytes), i * 8);
    lengths.writeBigUInt64LE(BigInt(rows * rowBytesOf(options)), i * 8);
  }
  const head = Buffer.alloc(headBytes);
  head.write('II', 'latin1');
  head.writeUInt16LE(43, 2);
  head.writeUInt16LE(8, 4);
  head.writeBigUInt64LE(16n, 8);
  writeDirectory(head, fields, 16 + directoryBytes);
  return head;
}

/** A field has room for 8 bytes; values of more stand elsewhere, on multiples of 8. */
function bytesBeside(value: bigint | Buffer): number {
  return typeof value === 'bigint' || value.length <= 8 ? 0 : Math.ceil(value.length / 8) * 8;
}

function writeDirectory(head: Buffer, fields: readonly Field[], valuesAt: number): void {
  head.writeBigUInt64LE(BigInt(fields.length), 16);
  let next = valuesAt;
  for (const [i, [tag, type, count, value]] of fields.entries()) {
    const at = 24 + i * 20;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeBigUInt64LE(BigInt(count), at + 4);
    if (typeof value === 'bigint') head.writeBigUInt64LE(value, at + 12);
    else if (value.length <= 8) value.copy(head, at + 12);
    else {
      head.writeBigUInt64LE(BigInt(next), at + 12);
      value.copy(head, next);
      next += bytesBeside(value);
    }
  }
}
