import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CycleboxError } from '../../src/base/index.js';
import { readSafetensors, readSafetensorsFile, writeSafetensors, writeSafetensorsFile } from '../../src/nets/index.js';
import { temporaryFolder } from '../support/pictures.js';

const a = { shape: [2, 2], data: Float32Array.of(1, -2, 0.5, Number.NaN) };
const b = { shape: [], data: Float32Array.of(3) };
const c = { shape: [0, 7], data: new Float32Array(0) };

function file(header: unknown, data: Uint8Array = new Uint8Array(0)): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

const entry = (dtype: string, shape: unknown, begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const eight = Buffer.from(Float32Array.of(1, 2).buffer);

function failure(bytes: Uint8Array, exact = false): CycleboxError {
  try {
    readSafetensors(bytes, { file: 'bad.safetensors', exact });
  } catch (error) {
    return error as CycleboxError;
  }
  throw new Error('the file was read');
}

describe('writeSafetensors', () => {
  it('writes what readSafetensors reads, metadata included', () => {
    const bytes = writeSafetensors({ a, b, c }, { by: 'cyclebox' });
    expect(readSafetensors(bytes)).toEqual({ tensors: { a, b, c }, metadata: { by: 'cyclebox' } });
  });

  it('writes the same bytes whatever the order of names', () => {
    const first = writeSafetensors({ a, b, 10: b, 9: b }, { x: '1', y: '2' });
    const second = writeSafetensors({ 9: b, b, a, 10: b }, { y: '2', x: '1' });
    expect(Buffer.from(first).equals(Buffer.from(second))).toBe(true);
    expect(Buffer.from(first).toString('latin1', 8)).toMatch(/^\{"__metadata__".*"10".*"9".*"a".*"b"/);
  });

  it('aligns values to eight bytes and writes little-endian', () => {
    const bytes = Buffer.from(writeSafetensors({ b }));
    const header = Number(bytes.readBigUInt64LE());
    expect(header % 8).toBe(0);
    expect(bytes.readFloatLE(8 + header)).toBe(3);
  });

  it('refuses values that do not fill their shape', () => {
    expect(() => writeSafetensors({ a: { shape: [3], data: a.data } })).toThrow(/4 values do not fill \[3\]/);
  });
});

describe('readSafetensors', () => {
  it.each([
    ['F64', Buffer.from(Float64Array.of(1.5, -2).buffer), [1.5, -2]],
    ['F16', Buffer.from(Uint16Array.of(0x3e00, 0xc000).buffer), [1.5, -2]],
    ['BF16', Buffer.from(Uint16Array.of(0x3fc0, 0xc000).buffer), [1.5, -2]],
    ['I64', Buffer.from(BigInt64Array.of(1n, -2n).buffer), [1, -2]],
    ['I32', Buffer.from(Int32Array.of(1, -2).buffer), [1, -2]],
    ['U8', Buffer.of(1, 254), [1, 254]],
    ['BOOL', Buffer.of(1, 0), [1, 0]],
  ])('reads %s as float32', (type, data, expected) => {
    const { tensors } = readSafetensors(file({ x: entry(type, [2], 0, data.length) }, data));
    expect([...tensors['x']!.data]).toEqual(expected);
  });

  it('refuses to round where exact values are asked for', () => {
    const bytes = file({ x: entry('F64', [1], 0, 8) }, eight);
    expect(failure(bytes, true).message).toContain('x is F64');
  });

  it('keeps names that mean something to JavaScript as plain names', () => {
    const { tensors } = readSafetensors(file('{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', eight));
    expect(Object.keys(tensors)).toEqual(['__proto__']);
  });

  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'shorter than a header'],
    ['a header beyond the end', file({ x: entry('F32', [2], 0, 8) }, eight).subarray(0, 20), 'ends within its header'],
    ['an enormous header', Buffer.alloc(16, 0x7f), 'bytes long'],
    ['a header that is no JSON', file('{"x":'), 'not JSON'],
    ['a header that is no UTF-8', Buffer.concat([file('').fill(2, 0, 1), Buffer.of(0xff, 0xfe)]), 'not JSON'],
    ['a header that is a list', file([]), 'not a JSON object'],
    ['an entry that is a number', file({ x: 5 }), 'not an object'],
    ['an unknown element type', file({ x: entry('F4', [2], 0, 8) }, eight), 'F4'],
    ['an element type of Object.prototype', file({ x: entry('constructor', [2], 0, 8) }, eight), 'constructor'],
    ['a negative size', file({ x: entry('F32', [-2], 0, 8) }, eight), 'shape'],
    ['a fractional size', file({ x: entry('F32', [0.5], 0, 8) }, eight), 'shape'],
    ['sizes that overflow', file({ x: entry('F32', [2 ** 52, 2 ** 52], 0, 8) }, eight), 'takes'],
    ['offsets that go backwards', file({ x: entry('F32', [2], 8, 0) }, eight), '-8 bytes'],
    ['three offsets', file({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8, 8] } }, eight), 'data_offsets'],
    ['a range that does not fit the shape', file({ x: entry('F32', [3], 0, 8) }, eight), 'takes 12'],
    ['a range beyond the end', file({ x: entry('F32', [3], 0, 12) }, eight), 'truncated'],
    ['overlapping ranges', file({ x: entry('F32', [2], 0, 8), y: entry('F32', [1], 4, 8) }, eight), 'overlaps'],
    ['a gap', file({ x: entry('F32', [1], 4, 8) }, eight), 'gap of 4 bytes'],
    ['bytes of no tensor', file({ x: entry('F32', [1], 0, 4) }, eight), '4 bytes that belong to no tensor'],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), '__metadata__'],
  ])('refuses %s', (_, bytes, reason) => {
    const error = failure(bytes);
    expect(error.code).toBe('WEIGHTS_UNREADABLE');
    expect(error.message).toContain(reason);
    expect(error.subject.file).toBe('bad.safetensors');
  });

  it('is unreadable wherever it is cut off', () => {
    const whole = writeSafetensors({ a, b });
    for (let length = 0; length < whole.length; length++) {
      expect(failure(whole.subarray(0, length)).code).toBe('WEIGHTS_UNREADABLE');
    }
  });
});

describe('safetensors files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });

  it('go to disk and back', async () => {
    const path = join(folder, 'deep', 'x.safetensors');
    await writeSafetensorsFile(path, { a }, { note: 'n' });
    expect(await readSafetensorsFile(path)).toEqual({ tensors: { a }, metadata: { note: 'n' } });
  });

  it('are named in every error', async () => {
    const path = join(folder, 'x.safetensors');
    await expect(readSafetensorsFile(path)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', subject: { file: path } });
    await expect(readSafetensorsFile(folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await writeFile(path, 'nonsense');
    await expect(readSafetensorsFile(path)).rejects.toMatchObject({
      code: 'WEIGHTS_UNREADABLE',
      subject: { file: path },
    });
    await expect(writeSafetensorsFile(join(path, 'y'), { a })).rejects.toMatchObject({ code: 'WRITE_FAILED' });
  });
});
