/**
 * A state_dict as `torch.save` of PyTorch 1.6 and later writes it: a zip archive of stored entries, a pickle that names the
 * tensors, and their raw values. It loads with `weights_only=True`. Equal weights give equal bytes: no clock, no name of a machine.
 */
import { crc32 } from 'node:zlib';
import type { WeightTensor, WeightTensors } from '../weight-tensor.js';

const folder = 'archive';

export function writePyTorch(tensors: WeightTensors): Uint8Array {
  const entries = Object.entries(tensors);
  return zip([
    ['data.pkl', pickleOf(entries)],
    ['byteorder', Buffer.from('little')],
    ...entries.map(([, { data }], at) => [`data/${at}`, littleEndian(data)] as const),
    ['version', Buffer.from('3\n')],
  ]);
}

function littleEndian(data: Float32Array): Buffer {
  const bytes = Buffer.alloc(4 * data.length);
  for (let at = 0; at < data.length; at++) bytes.writeFloatLE(data[at]!, 4 * at);
  return bytes;
}

/** Opcodes of protocol 2, by their letters. */
const proto = Buffer.from([0x80, 2]);
const no = Buffer.from([0x89]);
const op = (letters: string) => Buffer.from(letters, 'latin1');

function pickleOf(entries: readonly (readonly [string, WeightTensor])[]): Buffer {
  const items = entries.flatMap(([key, tensor], at) => [text(key), tensorOf(tensor, String(at))]);
  return Buffer.concat([proto, orderedDict(), op('('), ...items, op('u'), op('.')]);
}

function orderedDict(): Buffer {
  return Buffer.concat([global('collections', 'OrderedDict'), op(')R')]);
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)` */
function tensorOf({ shape, data }: WeightTensor, storage: string): Buffer {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
  const reference = tuple(
    text('storage'),
    global('torch', 'FloatStorage'),
    text(storage),
    text('cpu'),
    integer(data.length),
  );
  const values = [
    Buffer.concat([reference, op('Q')]),
    integer(0),
    integers(shape),
    integers(strides),
    no,
    orderedDict(),
  ];
  return Buffer.concat([global('torch._utils', '_rebuild_tensor_v2'), tuple(...values), op('R')]);
}

function tuple(...items: readonly Buffer[]): Buffer {
  return Buffer.concat([op('('), ...items, op('t')]);
}

function integers(values: readonly number[]): Buffer {
  return tuple(...values.map(integer));
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write('J', 'latin1');
  bytes.writeInt32LE(value, 1);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  const head = Buffer.alloc(5);
  head.write('X', 'latin1');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function global(module: string, name: string): Buffer {
  return op(`c${module}\n${name}\n`);
}

/** Entries as they are, one after another, and the directory at the end. */
function zip(entries: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of entries) {
    const path = Buffer.from(`${folder}/${name}`);
    const facts = entryFacts(path, content);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), facts, path, content]);
    const outer = Buffer.alloc(14);
    outer.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), facts, outer, path]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...parts, central, directoryEnd(entries.length, central.length, at)]);
}

/** What both headers of an entry have: version, flags, method, time, sum, sizes, lengths. */
function entryFacts(path: Buffer, content: Buffer): Buffer {
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(20, 0);
  // The first day that the format knows.
  facts.writeUInt16LE(0x21, 8);
  facts.writeUInt32LE(crc32(content), 10);
  facts.writeUInt32LE(content.length, 14);
  facts.writeUInt32LE(content.length, 18);
  facts.writeUInt16LE(path.length, 22);
  return facts;
}

function directoryEnd(count: number, bytes: number, at: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(bytes, 12);
  end.writeUInt32LE(at, 16);
  return end;
}
