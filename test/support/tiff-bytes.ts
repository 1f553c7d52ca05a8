/** TIFF files for tests, field by field: what no encoder here would write, and what cameras and other programs do. */

/** Bytes of one value, by the number of its type. */
const typeBytes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 12: 8, 13: 4 };

/** Tag, type, values. Texts are given as strings; rationals (5) as numerators over 1000; bytes as themselves. */
export type FieldSpec = readonly [tag: number, type: number, values: readonly number[] | string | Uint8Array];

export interface DirectorySpec {
  readonly fields: readonly FieldSpec[];
  /** Coded pixels, as one strip; StripOffsets and StripByteCounts are added. */
  readonly strip?: Uint8Array | undefined;
  /** Directories that a field of this tag (330: SubIFDs; 34665: EXIF; 34853: GPS) points to. */
  readonly below?: ReadonlyMap<number, readonly DirectorySpec[]>;
}

export interface TiffSpec {
  readonly directories: readonly DirectorySpec[];
  readonly isBigEndian?: boolean;
  /** What stands at the 8th byte, before everything else: `CR\x02\0`. */
  readonly mark?: string;
  /** Whether the pixels come after all directories. Default: before their own. */
  readonly areStripsLast?: boolean;
}

export function tiffBytes({ directories, isBigEndian = false, mark = '', areStripsLast = false }: TiffSpec): Buffer {
  const writer = new Writer(isBigEndian, mark);
  const strips = directories.map(({ strip }) => (areStripsLast ? strip : undefined));
  const places = directories.map((directory, i) =>
    writer.directory(
      strips[i] ? { ...directory, fields: [...directory.fields, ...later(strips[i])], strip: undefined } : directory,
    ),
  );
  for (const [i, strip] of strips.entries()) if (strip) writer.placeStrip(places[i]!.at, strip);
  for (const [i, place] of places.entries()) writer.link(i === 0 ? 4 : places[i - 1]!.nextAt, place.at);
  return writer.bytes();
}

const later = (strip: Uint8Array): readonly FieldSpec[] => [
  [273, 4, [0]],
  [279, 4, [strip.length]],
];

class Writer {
  readonly #isBigEndian: boolean;
  #file: Buffer;

  constructor(isBigEndian: boolean, mark: string) {
    this.#isBigEndian = isBigEndian;
    this.#file = Buffer.concat([Buffer.from(isBigEndian ? 'MM' : 'II'), this.#number(2, 42), Buffer.alloc(4)]);
    this.#append(Buffer.from(mark, 'latin1'));
  }

  bytes(): Buffer {
    return this.#file;
  }

  link(at: number, target: number): void {
    this.#number(4, target).copy(this.#file, at);
  }

  directory({ fields, strip, below = new Map() }: DirectorySpec): { at: number; nextAt: number } {
    const all = [...fields];
    if (strip) all.push([273, 4, [this.#append(strip)]], [279, 4, [strip.length]]);
    for (const [tag, specs] of below) all.push([tag, 4, specs.map(spec => this.directory(spec).at)]);
    const entries = all.sort(([a], [b]) => a - b).map(field => this.#entry(field));
    const at = this.#append(Buffer.concat([this.#number(2, entries.length), ...entries, Buffer.alloc(4)]));
    return { at, nextAt: at + 2 + entries.length * 12 };
  }

  /** For a directory whose StripOffsets were left open. */
  placeStrip(directoryAt: number, strip: Uint8Array): void {
    const tag = this.#number(2, 273);
    let at = directoryAt + 2;
    while (!this.#file.subarray(at, at + 2).equals(tag)) at += 12;
    this.#number(4, this.#append(strip)).copy(this.#file, at + 8);
  }

  #entry([tag, type, values]: FieldSpec): Buffer {
    const data = this.#data(type, values);
    const count = data.length / typeBytes[type]!;
    const inline = data.length <= 4;
    const place = inline ? Buffer.concat([data, Buffer.alloc(4 - data.length)]) : this.#number(4, this.#append(data));
    return Buffer.concat([this.#number(2, tag), this.#number(2, type), this.#number(4, count), place]);
  }

  #data(type: number, values: readonly number[] | string | Uint8Array): Buffer {
    if (typeof values === 'string') return Buffer.from(`${values}\0`, 'latin1');
    if (values instanceof Uint8Array) return Buffer.from(values);
    if (type === 12) return Buffer.concat(values.map(value => this.#double(value)));
    if (type === 5) return Buffer.concat(values.flatMap(value => [this.#number(4, value), this.#number(4, 1000)]));
    return Buffer.concat(values.map(value => this.#number(typeBytes[type]!, value)));
  }

  #number(bytes: number, value: number): Buffer {
    const buffer = Buffer.alloc(bytes);
    if (this.#isBigEndian) buffer.writeUIntBE(value, 0, bytes);
    else buffer.writeUIntLE(value, 0, bytes);
    return buffer;
  }

  #double(value: number): Buffer {
    const buffer = Buffer.alloc(8);
    if (this.#isBigEndian) buffer.writeDoubleBE(value);
    else buffer.writeDoubleLE(value);
    return buffer;
  }

  /** At an even place, as TIFF wants it. */
  #append(bytes: Uint8Array): number {
    const at = this.#file.length + (this.#file.length % 2);
    this.#file = Buffer.concat([this.#file, Buffer.alloc(at - this.#file.length), bytes]);
    return at;
  }
}

export interface PlainTiff {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  /** Of each sample. Default 8. */
  readonly bits?: number;
  /** Default 2 (RGB). */
  readonly photometric?: number;
  /** Default 1 (none). */
  readonly compression?: number;
  /** In place of those that would be there, or besides. */
  readonly fields?: readonly FieldSpec[];
}

/** An ordinary image with `pixels` as its strip, as they are; zeros where there are none. */
export function plainDirectory(plain: PlainTiff, pixels?: Uint8Array): DirectorySpec {
  const { width, height, samples, bits = 8, photometric = 2, compression = 1, fields = [] } = plain;
  const usual: readonly FieldSpec[] = [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, Array.from({ length: samples }, () => bits)],
    [259, 3, [compression]],
    [262, 3, [photometric]],
    [277, 3, [samples]],
    [278, 4, [height]],
  ];
  const given = new Set(fields.map(([tag]) => tag));
  const strip = pixels ?? new Uint8Array(Math.ceil((width * height * samples * bits) / 8));
  return { fields: [...usual.filter(([tag]) => !given.has(tag)), ...fields], strip };
}

export const plainTiff = (plain: PlainTiff, pixels?: Uint8Array): Buffer =>
  tiffBytes({ directories: [plainDirectory(plain, pixels)] });
