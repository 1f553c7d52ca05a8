/**
 * Assembles pickles and PyTorch files byte by byte, honest and hostile ones: tests show exactly what is in a file.
 */
import { crc32, deflateRawSync } from 'node:zlib';

export type Piece = number | string | Uint8Array | readonly Piece[];

/** Numbers are opcodes or single bytes, text is latin1. */
export function bytesOf(...pieces: readonly Piece[]): Buffer {
  return Buffer.concat(
    pieces.map(piece => {
      if (typeof piece === 'number') return Buffer.from([piece]);
      if (typeof piece === 'string') return Buffer.from(piece, 'latin1');
      return piece instanceof Uint8Array ? Buffer.from(piece) : bytesOf(...piece);
    }),
  );
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function uint64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** Opcodes by the letters or numbers that Python gives them. */
export const op = {
  proto: [0x80, 2],
  mark: '(',
  stop: '.',
  none: 'N',
  false: 0x89,
  emptyTuple: ')',
  tuple: 't',
  tuple1: 0x85,
  tuple2: 0x86,
  emptyDict: '}',
  setItem: 's',
  setItems: 'u',
  emptyList: ']',
  append: 'a',
  appends: 'e',
  reduce: 'R',
  build: 'b',
  persistentId: 'Q',
  stackGlobal: 0x93,
} as const;

export const text = (value: string): Piece => ['X', uint32(Buffer.byteLength(value)), Buffer.from(value)];
export const int = (value: number): Piece => ['J', uint32(value)];
export const global = (module: string, name: string): Piece => `c${module}\n${name}\n`;
export const tuple = (...items: readonly Piece[]): Piece => [op.mark, ...items, op.tuple];
export const ints = (values: readonly number[]): Piece => tuple(...values.map(int));
export const orderedDict: Piece = [global('collections', 'OrderedDict'), op.emptyTuple, op.reduce];

export interface TensorPieces {
  readonly key: string;
  readonly storage: string;
  /** Of the storage, as claimed. */
  readonly elements: number;
  readonly type?: string;
  readonly offset?: number;
  readonly size: readonly number[];
  readonly stride: readonly number[];
}

export function tensor({ storage, elements, type = 'FloatStorage', offset = 0, size, stride }: TensorPieces): Piece {
  const id = tuple(text('storage'), global('torch', type), text(storage), text('cpu'), int(elements));
  const hooks = orderedDict;
  return [
    global('torch._utils', '_rebuild_tensor_v2'),
    tuple([id, op.persistentId], int(offset), ints(size), ints(stride), op.false, hooks),
    op.reduce,
  ];
}

/** A state_dict's pickle. */
export function stateDict(tensors: readonly TensorPieces[]): Buffer {
  const items = tensors.map(pieces => [text(pieces.key), tensor(pieces)]);
  return bytesOf(op.proto, orderedDict, op.mark, items, op.setItems, op.stop);
}

export interface ZipEntry {
  readonly name: string;
  readonly content: Uint8Array;
  readonly deflate?: boolean;
  /** Overrides of the central directory, for lies. */
  readonly claims?: {
    readonly bytes?: number;
    readonly storedBytes?: number;
    readonly at?: number;
    readonly crc?: number;
  };
  /** Sizes and offset in a zip64 field. */
  readonly zip64?: boolean;
}

export function zip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let at = 0;
  for (const { name, content, deflate = false, claims = {}, zip64 = false } of entries) {
    const stored = deflate ? deflateRawSync(content) : Buffer.from(content);
    const method = [deflate ? 8 : 0, 0];
    const crc = uint32(claims.crc ?? crc32(content));
    const [bytes, storedBytes] = [claims.bytes ?? content.length, claims.storedBytes ?? stored.length];
    const start = claims.at ?? at;
    const extra = zip64 ? bytesOf([1, 0, 24, 0], uint64(bytes), uint64(storedBytes), uint64(start)) : Buffer.alloc(0);
    const short = (value: number) => uint32(zip64 ? 0xffffffff : value);
    const sizes = [crc, short(storedBytes), short(bytes), [name.length, 0]];
    const local = bytesOf('PK\x03\x04', [20, 0, 0, 0], method, [0, 0, 0, 0], sizes, [0, 0], name, stored);
    const fields = [[extra.length, 0], [0, 0], [0, 0], [0, 0], [0, 0, 0, 0], short(start)];
    centrals.push(bytesOf('PK\x01\x02', [20, 0, 20, 0, 0, 0], method, [0, 0, 0, 0], sizes, fields, name, extra));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(centrals);
  const count = [entries.length & 255, entries.length >> 8];
  const end = bytesOf('PK\x05\x06', [0, 0, 0, 0], count, count, uint32(directory.length), uint32(at), [0, 0]);
  return Buffer.concat([...locals, directory, end]);
}

/** A file as PyTorch ≥ 1.6 writes it. */
export function archive(pickle: Uint8Array, storages: Readonly<Record<string, Uint8Array>> = {}): Buffer {
  return zip([
    { name: 'net/data.pkl', content: pickle },
    ...Object.entries(storages).map(([key, content]) => ({ name: `net/data/${key}`, content })),
  ]);
}

/** A file as PyTorch < 1.6 writes it. Storages in order, each with its count of elements. */
export function legacyFile(
  pickle: Uint8Array,
  storages: readonly (readonly [string, number, Uint8Array])[] = [],
): Buffer {
  const magic = [0x8a, 10, Buffer.from('6cfc9c46f9206aa85019', 'hex')];
  const keys = [op.emptyList, op.mark, storages.map(([key]) => text(key)), op.appends];
  return bytesOf(
    [op.proto, magic, op.stop],
    [op.proto, int(1001), op.stop],
    [op.proto, op.emptyDict, op.mark, text('little_endian'), 0x88, op.setItems, op.stop],
    pickle,
    [op.proto, keys, op.stop],
    storages.map(([, elements, content]) => [uint64(elements), content]),
  );
}

export function floats(...values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}
