import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CycleboxError } from '../../src/base/index.js';
import { readPyTorch } from '../../src/nets/index.js';
import { cpuTimeMs } from '../support/cpu-time.js';
import {
  archive,
  bytesOf,
  floats,
  global,
  int,
  legacyFile,
  op,
  orderedDict,
  type Piece,
  stateDict,
  tensor,
  text,
  tuple,
  uint32,
  uint64,
  zip,
} from '../support/pickle-bytes.js';

const row = { key: 'w', storage: '0', elements: 6, size: [2, 3], stride: [3, 1] };
const six = floats(1, 2, 3, 4, 5, 6);
const golden = (name: string) => readFileSync(new URL(`../fixtures/golden/${name}`, import.meta.url));

function failure(bytes: Uint8Array): CycleboxError {
  try {
    readPyTorch(bytes, 'evil.pth');
  } catch (error) {
    if (error instanceof CycleboxError) return error;
    throw error;
  }
  throw new Error('the file was read');
}

const values = (bytes: Uint8Array, key = 'w') => [...readPyTorch(bytes, 'net.pth')[key]!.data];

describe('an honest file', () => {
  it('is read from an archive and from the legacy container alike', () => {
    const pickle = stateDict([row]);
    const fromArchive = readPyTorch(archive(pickle, { 0: six }), 'a.pth');
    const fromLegacy = readPyTorch(legacyFile(pickle, [['0', 6, six]]), 'b.pth');
    expect(fromArchive).toEqual({ w: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } });
    expect(fromLegacy).toEqual(fromArchive);
  });

  it('may be deflated and have zip64 sizes', () => {
    const entries = [
      { name: 'net/data.pkl', content: stateDict([row]), deflate: true, zip64: true },
      { name: 'net/data/0', content: six, deflate: true },
    ];
    expect(values(zip(entries))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('may hold tensors with an offset, transposed, repeated, empty and of rank 0, of one storage', () => {
    const read = (offset: number, size: number[], stride: number[]) =>
      values(archive(stateDict([{ ...row, offset, size, stride }]), { 0: six }));
    expect(read(2, [3], [1])).toEqual([3, 4, 5]);
    expect(read(0, [3, 2], [1, 3])).toEqual([1, 4, 2, 5, 3, 6]);
    expect(read(1, [2, 2], [0, 1])).toEqual([2, 3, 2, 3]);
    expect(read(0, [0, 5], [5, 1])).toEqual([]);
    expect(read(5, [], [])).toEqual([6]);
  });

  it.each([
    ['DoubleStorage', Buffer.from(Float64Array.of(1.5, -2, 1e-3).buffer), [1.5, -2, Math.fround(1e-3)]],
    ['HalfStorage', Buffer.from(Uint16Array.of(0x3c00, 0xc000, 0x0001).buffer), [1, -2, 2 ** -24]],
    ['BFloat16Storage', Buffer.from(Uint16Array.of(0x3f80, 0xc000, 0x4049).buffer), [1, -2, 3.140625]],
    ['LongStorage', Buffer.from(BigInt64Array.of(1n, -2n, 7n).buffer), [1, -2, 7]],
    ['IntStorage', Buffer.from(Int32Array.of(1, -2, 7).buffer), [1, -2, 7]],
  ])('may hold a %s', (type, content, expected) => {
    const pickle = stateDict([{ ...row, type, elements: 3, size: [3], stride: [1] }]);
    expect(values(archive(pickle, { 0: content }))).toEqual(expected);
    expect(values(legacyFile(pickle, [['0', 3, content]]))).toEqual(expected);
  });

  it('may wrap parameters, keep versions in the state of its dictionary, and nest the state_dict', () => {
    const parameter = [global('torch._utils', '_rebuild_parameter'), tuple(tensor(row), 0x88, orderedDict), op.reduce];
    const versions = [op.emptyDict, text('_metadata'), op.emptyDict, op.setItem];
    const dict = [orderedDict, text('w'), parameter, op.setItem, versions, op.build];
    expect(values(archive(bytesOf(op.proto, dict, op.stop), { 0: six }))).toEqual([1, 2, 3, 4, 5, 6]);
    const nested = [op.emptyDict, op.mark, text('epoch'), int(3), text('state_dict'), dict, op.setItems];
    expect(values(archive(bytesOf(op.proto, nested, op.stop), { 0: six }))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('may be of Python 2: an OrderedDict of a list of pairs, with 8-bit text', () => {
    const key: Piece = ['U', 1, 'w'];
    const pairs = [op.emptyList, [op.emptyList, op.mark, key, tensor(row), op.appends], op.append];
    const dict = [global('collections', 'OrderedDict'), pairs, op.tuple1, op.reduce];
    expect(values(archive(bytesOf(op.proto, dict, op.stop), { 0: six }))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('may, in the legacy container, hold a storage that is a part of another', () => {
    const view = tuple(text('7'), int(2), int(4));
    const id = tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), int(6), view);
    const args = tuple([id, op.persistentId], int(1), tuple(int(2)), tuple(int(1)));
    const dict = [op.emptyDict, text('w'), global('torch._utils', '_rebuild_tensor'), args, op.reduce, op.setItem];
    expect(values(legacyFile(bytesOf(op.proto, dict, op.stop), [['0', 6, six]]))).toEqual([4, 5]);
  });

  it('may have keys that mean something to JavaScript', () => {
    const read = readPyTorch(archive(stateDict([{ ...row, key: '__proto__' }]), { 0: six }), 'net.pth');
    expect(Object.keys(read)).toEqual(['__proto__']);
    expect(({} as { shape?: unknown }).shape).toBeUndefined();
  });
});

const run = (module: string, name: string, arg: string): Piece => [
  global(module, name),
  text(arg),
  op.tuple1,
  op.reduce,
];
const stack = (module: string, name: string): Piece => [text(module), text(name), op.stackGlobal];

const hostile: readonly [string, Piece, string][] = [
  ['os.system by REDUCE', run('os', 'system', 'touch pwned'), 'os.system'],
  ['posix.system by REDUCE', run('posix', 'system', 'id'), 'posix.system'],
  ['eval by GLOBAL', run('builtins', 'eval', '1+1'), 'builtins.eval'],
  ['eval of Python 2', run('__builtin__', 'eval', '1+1'), '__builtin__.eval'],
  ['a global that is named and not called', global('subprocess', 'Popen'), 'subprocess.Popen'],
  ['STACK_GLOBAL', [stack('os', 'system'), text('id'), op.tuple1, op.reduce], 'os.system'],
  ['STACK_GLOBAL with a dotted name', stack('collections', 'OrderedDict.__init__'), 'OrderedDict.__init__'],
  ['INST', [op.mark, text('id'), 'ios\nsystem\n'], 'os.system'],
  ['OBJ of an allowed global', [op.mark, global('collections', 'OrderedDict'), 'o'], 'collections.OrderedDict'],
  ['NEWOBJ', [global('torch', 'Size'), op.emptyTuple, 0x81], 'torch.Size'],
  ['NEWOBJ_EX', [global('torch', 'Size'), op.emptyTuple, op.emptyDict, 0x92], 'torch.Size'],
  ['an extension code', [0x82, 1], 'extension'],
  ['a call of a storage type', [global('torch', 'FloatStorage'), int(9), op.tuple1, op.reduce], 'torch.FloatStorage'],
  ['a call of a string', [text('os.system'), text('id'), op.tuple1, op.reduce], 'no function'],
  ['a call of a tensor', [tensor(row), op.emptyTuple, op.reduce], 'no function'],
  ['BUILD on a tensor', [tensor(row), op.emptyDict, op.build], 'BUILD'],
  ['BUILD on a function', [global('collections', 'OrderedDict'), op.emptyDict, op.build], 'OrderedDict'],
  ['BUILD with a pair of states', [orderedDict, op.emptyDict, op.emptyDict, op.tuple2, op.build], 'BUILD'],
  ['BUILD with text', [orderedDict, text('__class__'), op.build], 'BUILD'],
  ['a set', [0x8f], 'a set'],
  ['a buffer outside', [0x97], 'outside'],
  ['a global of the whole module', global('models.networks', 'ResnetGenerator'), 'models.networks.ResnetGenerator'],
  ['a property of all JavaScript objects', global('', 'constructor'), 'constructor'],
  ['a global named __proto__', run('collections', '__proto__', 'x'), '__proto__'],
  ['a lambda of torch', global('torch.serialization', 'load'), 'torch.serialization.load'],
];

describe('a hostile file', () => {
  it.each(hostile)('with %s is refused by name and runs nothing', (_, pieces, named) => {
    const alone = bytesOf(op.proto, pieces, op.stop);
    const hidden = bytesOf(op.proto, orderedDict, text('w'), tensor(row), op.setItem, pieces, '0', op.stop);
    for (const pickle of [alone, hidden]) {
      for (const file of [archive(pickle, { 0: six }), legacyFile(pickle, [['0', 6, six]]), pickle]) {
        const error = failure(file);
        expect(error.code).toBe('WEIGHTS_UNSAFE');
        expect(error.message).toContain(named);
        expect(error.message).toContain('evil.pth');
        expect(error.subject.file).toBe('evil.pth');
      }
    }
  });

  it('that Python itself wrote is refused', async () => {
    const script =
      'import pickle,os,sys\nclass A:\n def __reduce__(self): return (os.system,("echo pwned",))\n' +
      'sys.stdout.buffer.write(pickle.dumps({"w":A()},int(sys.argv[1])))';
    for (const protocol of ['2', '3', '4', '5']) {
      const python = await promisify(execFile)('python3', ['-c', script, protocol], { encoding: 'buffer' }).catch(
        () => null,
      );
      if (!python) return; // No Python here; the byte-built ones above say the same.
      expect(failure(archive(python.stdout)).message).toContain('system');
      expect(failure(archive(python.stdout)).code).toBe('WEIGHTS_UNSAFE');
    }
  });

  it('cannot write to the terminal through the name of a global', () => {
    const error = failure(archive(bytesOf(op.proto, global('os\x1b[2J', 'x'.repeat(10_000)), op.stop)));
    expect(error.message).not.toContain('\x1b');
    expect(error.message.length).toBeLessThan(600);
  });

  it.each<[string, Piece]>([
    ['LONG4 of 2 GiB', [0x8b, uint32(0x7fffffff)]],
    ['LONG4 of negative length', [0x8b, uint32(0xffffffff)]],
    ['LONG1 of 255 bytes', [0x8a, 255, Buffer.alloc(255, 1)]],
    ['BINUNICODE of 4 GiB', ['X', uint32(0xffffffff)]],
    ['BINUNICODE8 of 2⁶³ bytes', [0x8d, uint64(2n ** 63n)]],
    ['BINBYTES8 of 2⁶⁴ - 1 bytes', [0x8e, uint64(2n ** 64n - 1n)]],
    ['BYTEARRAY8 of 2⁴⁰ bytes', [0x96, uint64(2n ** 40n)]],
    ['a number of a million digits', ['I', '9'.repeat(1_000_000), '\n']],
    ['a number that is none', 'Ifoo\n'],
    ['a value from an empty stack', op.reduce],
    ['a value from below a mark', [op.none, op.mark, op.append]],
    ['a mark that is not there', [op.tuple]],
    ['a memory that is not there', ['h', 9]],
    ['an item without a value', [op.emptyDict, op.mark, text('a'), op.setItems]],
    ['a dictionary as a key', [op.emptyDict, op.emptyDict, op.none, op.setItem]],
    ['an append to a number', [int(1), int(2), op.append]],
    ['a persistent id that is no storage', [text('x'), op.persistentId]],
    ['a persistent id of Python 2', 'Pstorage\n'],
    ['a tensor without arguments', [global('torch._utils', '_rebuild_tensor_v2'), op.emptyTuple, op.reduce]],
    ['a call with a list of arguments', [global('torch', 'Size'), op.emptyList, op.reduce]],
    ['an unknown opcode', [0xff]],
    ['nothing but a number', int(5)],
    ['an empty dictionary', op.emptyDict],
  ])('with %s is unreadable, and says so at once', (_, pieces) => {
    const started = cpuTimeMs();
    const error = failure(archive(bytesOf(op.proto, pieces, op.stop), { 0: six }));
    expect(error.code).toBe('WEIGHTS_UNREADABLE');
    expect(error.message).toContain('evil.pth');
    expect(cpuTimeMs() - started).toBeLessThan(1000);
  });

  it('cannot grow by recalling lists from its memory', () => {
    const doubled = Array.from({ length: 60 }, () => [op.emptyList, op.mark, 'h', 0, 'h', 0, op.appends, 'q', 0, '0']);
    const lists = [op.emptyList, 'q', 0, '0', doubled, 'h', 0];
    expect(failure(archive(bytesOf(op.proto, lists, op.stop))).code).toBe('WEIGHTS_UNREADABLE');

    const pair = [op.emptyList, op.mark, text('k'), int(1), op.appends];
    const long = [op.emptyList, op.mark, Array.from({ length: 5000 }, () => pair), op.appends, 'q', 1, '0'];
    const copy = [global('collections', 'OrderedDict'), 'h', 1, op.tuple1, op.reduce, '0'];
    const copies = bytesOf(
      op.proto,
      long,
      Array.from({ length: 5000 }, () => copy),
      op.none,
      op.stop,
    );
    expect(failure(archive(copies)).message).toContain('copies more than it holds');
  });

  it('cannot grow by repeating one stored value', () => {
    const huge = { ...row, elements: 1, size: [65536, 65536], stride: [0, 0] };
    expect(failure(archive(stateDict([huge]), { 0: floats(1) })).message).toContain('larger than the file allows');
    const beyondNumbers = {
      ...huge,
      size: Array.from({ length: 64 }, () => 2 ** 31 - 1),
      stride: new Array(64).fill(0),
    };
    expect(failure(archive(stateDict([beyondNumbers]), { 0: floats(1) })).code).toBe('WEIGHTS_UNREADABLE');
    const many = Array.from({ length: 50 }, (_, i) => ({ ...huge, key: `w${i}`, size: [4000], stride: [0] }));
    expect(failure(archive(stateDict(many), { 0: floats(1) })).message).toContain('larger than the file allows');
  });

  it('cannot read beyond its stored values', () => {
    for (const lie of [{ size: [3, 3] }, { offset: 1 }, { stride: [4, 1] }]) {
      expect(failure(archive(stateDict([{ ...row, ...lie }]), { 0: six })).message).toContain('reaches beyond');
    }
    const legacy = legacyFile(stateDict([row]), [['0', 2 ** 40, six]]);
    expect(failure(legacy).message).toContain('truncated');
    expect(failure(archive(stateDict([{ ...row, storage: '../0' }]), { 0: six })).message).toContain('lacks');
  });
});

describe('a damaged archive', () => {
  const entries = [
    { name: 'net/data.pkl', content: stateDict([row]) },
    { name: 'net/data/0', content: six },
  ] as const;
  const lying = (claims: object, extra: object = {}) => zip([entries[0], { ...entries[1], ...extra, claims }]);

  it.each([
    ['a size that is too small', lying({ bytes: 4, storedBytes: 4 }), 'damaged'],
    ['a size that is too large', lying({ bytes: 10_000, storedBytes: 10_000 }), 'longer than the file'],
    ['sizes that differ', lying({ bytes: 20 }), '24 bytes, not 20'],
    ['a wrong checksum', lying({ crc: 1 }), 'checksum'],
    ['an offset outside', lying({ at: 4_000_000_000 }), 'outside'],
    ['an offset into another entry', lying({ at: 7 }), 'outside'],
    ['a bomb', lying({ bytes: 2 ** 28 }, { deflate: true }), 'impossible size'],
    ['more than memory should hold', lying({ bytes: 2 ** 31 }, { deflate: true }), 'inflate to more than'],
    ['less than promised', lying({ bytes: 200 }, { deflate: true }), '24 bytes, not 200'],
    ['more than promised', lying({ bytes: 8 }, { deflate: true }), 'inflated'],
    ['two entries of one name', zip([entries[0], entries[1], entries[1]]), 'two entries'],
    ['no data.pkl', zip([entries[1]]), 'no data.pkl'],
    ['two data.pkl', zip([...entries, { name: 'b/data.pkl', content: six }]), 'no data.pkl'],
    ['values missing', zip([entries[0]]), 'lacks'],
    ['big-endian values', zip([...entries, { name: 'net/byteorder', content: Buffer.from('big') }]), 'big-endian'],
  ])('with %s is unreadable', (_, file, reason) => {
    const error = failure(file);
    expect(error.code).toBe('WEIGHTS_UNREADABLE');
    expect(error.message).toContain(reason);
  });
});

describe('a truncated file', () => {
  it.each(['pixelgan_ndf8_32.pth', 'patchgan_ndf8_64.pth', 'resnet6_ngf8_legacy_48x80.pth'])(
    'is unreadable wherever it ends: %s',
    name => {
      const whole = golden(name);
      expect(Object.keys(readPyTorch(whole, name)).length).toBeGreaterThan(0);
      const step = Math.max(1, Math.floor(whole.length / 150));
      for (let length = 1; length < whole.length; length += step) {
        expect(failure(whole.subarray(0, length)).code, `${length} bytes`).toBe('WEIGHTS_UNREADABLE');
      }
      expect(failure(whole.subarray(0, -1)).code).toBe('WEIGHTS_UNREADABLE');
    },
  );

  it('with any byte changed gives tensors or a coded error, never anything else', () => {
    const whole = golden('pixelgan_ndf8_32.pth');
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed[at] = changed[at]! ^ (1 << (at % 8));
      try {
        readPyTorch(changed, 'changed.pth');
      } catch (error) {
        expect(error).toBeInstanceOf(CycleboxError);
        expect((error as CycleboxError).code).toMatch(/^WEIGHTS_/);
      }
    }
  });
});
