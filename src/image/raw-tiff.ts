/**
 * A BigTIFF without compression, written row by row: what pixels lie in on their way to an encoder that takes them row by
 * row, too (Adobe TIFF 6.0; BigTIFF as libtiff has it).
 */
import { type FileHandle, open } from 'node:fs/promises';

export interface RawTiffSize {
  readonly width: number;
  readonly height: number;
  /** 4: the last is opacity, not premultiplied. */
  readonly channels: 3 | 4;
}

const stripRows = 16;
const [short, long8] = [3, 16];

export class RawTiff {
  readonly #file: FileHandle;
  readonly #size: RawTiffSize;
  readonly #pixelsAt: number;

  private constructor(file: FileHandle, size: RawTiffSize, pixelsAt: number) {
    this.#file = file;
    this.#size = size;
    this.#pixelsAt = pixelsAt;
  }

  /** The file must not exist. */
  static async create(path: string, size: RawTiffSize): Promise<RawTiff> {
    const head = headOf(size);
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(head);
      return new RawTiff(file, size, head.length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Interleaved channels of whole rows. */
  async write(from: number, rows: Uint8Array): Promise<void> {
    const at = this.#pixelsAt + from * this.#size.width * this.#size.channels;
    for (let done = 0; done < rows.length; )
      done += (await this.#file.write(rows, done, rows.length - done, at + done)).bytesWritten;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Header, directory, and where the strips lie behind them. */
function headOf({ width, height, channels }: RawTiffSize): Buffer {
  const strips = Math.ceil(height / stripRows);
  const rowBytes = width * channels;
  const depths = Buffer.alloc(8);
  for (let i = 0; i < channels; i++) depths.writeUInt16LE(8, i * 2);
  const fields: readonly (readonly [tag: number, type: number, count: number, value: bigint | Buffer | undefined])[] = [
    [256, long8, 1, BigInt(width)],
    [257, long8, 1, BigInt(height)],
    [258, short, channels, depths],
    [259, short, 1, 1n],
    [262, short, 1, 2n],
    [273, long8, strips, undefined],
    [277, short, 1, BigInt(channels)],
    [278, long8, 1, BigInt(stripRows)],
    [279, long8, strips, undefined],
    [284, short, 1, 1n],
    ...(channels === 4 ? ([[338, short, 1, 2n]] as const) : []),
  ];
  const tablesAt = 16 + 8 + fields.length * 20 + 8;
  const head = Buffer.alloc(tablesAt + 2 * strips * 8);
  head.write('II', 'latin1');
  head.writeUInt16LE(43, 2);
  head.writeUInt16LE(8, 4);
  head.writeBigUInt64LE(16n, 8);
  head.writeBigUInt64LE(BigInt(fields.length), 16);
  const starts = Array.from({ length: strips }, (_, i) => BigInt(head.length + i * stripRows * rowBytes));
  const lengths = starts.map((_, i) => BigInt(Math.min(stripRows, height - i * stripRows) * rowBytes));
  for (const [i, [tag, type, count, value]] of fields.entries()) {
    const at = 24 + i * 20;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeBigUInt64LE(BigInt(count), at + 4);
    if (typeof value === 'object') value.copy(head, at + 12);
    else head.writeBigUInt64LE(value ?? tableOrValue(tag, strips, tablesAt, { starts, lengths }), at + 12);
  }
  for (let i = 0; i < strips; i++) {
    head.writeBigUInt64LE(starts[i]!, tablesAt + i * 8);
    head.writeBigUInt64LE(lengths[i]!, tablesAt + (strips + i) * 8);
  }
  return head;
}

/** One value stands in the directory itself. */
function tableOrValue(
  tag: number,
  strips: number,
  at: number,
  { starts, lengths }: { readonly starts: readonly bigint[]; readonly lengths: readonly bigint[] },
): bigint {
  const isStarts = tag === 273;
  if (strips === 1) return (isStarts ? starts : lengths)[0]!;
  return BigInt(isStarts ? at : at + strips * 8);
}
