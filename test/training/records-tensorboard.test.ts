import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../../src/training/records/crc32c.js';
import { temporaryFolder } from '../support/pictures.js';
import { colourGrid, description, openRecorder, stepMs, stepValues, takeSteps } from './recorded-run.js';

const reader = fileURLToPath(new URL('../fixtures/training/read-events.py', import.meta.url));
const python = process.env['CYCLEBOX_TENSORBOARD_PYTHON'] ?? 'python3';
const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('CRC-32C', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, at) => at);
  // prettier-ignore
  const scsiRead = [
    0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
    0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
  ];

  it.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 rising bytes', ascending, 0x46dd794e],
    ['32 falling bytes', ascending.toReversed(), 0x113fdb5c],
    ['an iSCSI read command', Uint8Array.from(scsiRead), 0xd9963a56],
  ])('of %s is that of RFC 3720, B.4', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('is masked as in record files', () => {
    // The header of a record of 24 bytes, as TensorFlow's writer makes it: 18 00 … 00, then a3 7f 4b 22.
    expect(maskedCrc32c(Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0))).toBe(0x224b7fa3);
  });
});

/** Bit by bit, from the polynomial as it is printed: another way than the writer's. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const feedback = (crc ^ (BigInt(byte) >> BigInt(bit))) & 1n;
      crc = (crc >> 1n) ^ (feedback * 0x82f63b78n);
    }
  return Number(crc ^ 0xffffffffn);
}

/** Contents of the records of a file whose checksums are right. */
function recordsOf(file: Buffer): Buffer[] {
  const unmask = (masked: number): number => {
    const turned = (masked - 0xa282ead8) >>> 0;
    return ((turned << 15) | (turned >>> 17)) >>> 0;
  };
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(unmask(file.readUInt32LE(at + 8))).toBe(slowCrc(file.subarray(at, at + 8)));
    const content = file.subarray(at + 12, at + 12 + length);
    expect(unmask(file.readUInt32LE(at + 12 + length))).toBe(slowCrc(content));
    records.push(content);
    at += 16 + length;
  }
  return records;
}

/** Fields of a protobuf message in their order: `[number, value]`, submessages as bytes. */
function fieldsOf(bytes: Buffer): [number, number | Buffer][] {
  const fields: [number, number | Buffer][] = [];
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (; bytes[at]! > 127; scale *= 128) value += (bytes[at++]! - 128) * scale;
    return value + bytes[at++]! * scale;
  };
  const take = (length: number): Buffer => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const read = new Map<number, () => number | Buffer>([
      [0, varint],
      [1, () => take(8).readDoubleLE()],
      [2, () => take(varint())],
      [5, () => take(4).readFloatLE()],
    ]).get(key & 7)!;
    fields.push([key >> 3, read()]);
  }
  return fields;
}

const eventFiles = async (out: string) => (await readdir(join(out, 'tensorboard'))).sort();

describe('an event file', () => {
  it('holds version, start, scalars and images, in records whose checksums are right', async () => {
    const out = await temporaryFolder();
    const { recorder, clock } = openRecorder(out, { tensorboard: true });
    await recorder.start(description);
    await takeSteps(recorder, clock, 1, 10);
    await recorder.samples(10, colourGrid(10));
    await recorder.dispose();
    const [name] = await eventFiles(out);
    expect(name).toBe(`events.out.tfevents.${startMs / 1000}.cyclebox`);
    const records = recordsOf(await readFile(join(out, 'tensorboard', name!)));
    const [version, session, scalars, image] = records.map(fieldsOf);
    expect(records).toHaveLength(4);
    expect(version).toEqual([
      [1, startMs / 1000],
      [3, Buffer.from('brain.Event:2')],
    ]);
    expect(session).toEqual([
      [1, startMs / 1000],
      [2, 0],
      [7, Buffer.of(0x08, 0x01)],
    ]);
    expect(scalars!.slice(0, 2)).toEqual([
      [1, startMs / 1000 + 1],
      [2, 10],
    ]);
    const values = fieldsOf(scalars![2]![1] as Buffer).map(([, value]) => fieldsOf(value as Buffer));
    const tags = values.map(([tag]) => String(tag![1]));
    expect(tags).toEqual([
      ...['loss/G_A', 'loss/D_A', 'rate/generator', 'rate/discriminator'],
      ...['speed/imagesPerSecond', 'speed/dataWaitShare', 'speed/epoch'],
    ]);
    expect(values[2]![1]).toEqual([2, Math.fround(2e-4)]);
    const [tag, picture] = fieldsOf(fieldsOf(image![2]![1] as Buffer)[0]![1] as Buffer);
    const [height, width, colours, png] = fieldsOf(picture![1] as Buffer);
    expect([String(tag![1]), height, width, colours]).toEqual(['samples', [1, 16], [2, 24], [3, 3]]);
    expect(await sharp(png![1] as Buffer).metadata()).toMatchObject({ format: 'png', width: 24, height: 16 });
  });

  it('of a later start has a later name, also when the clock has gone back', async () => {
    const out = await temporaryFolder();
    for (let start = 0; start < 3; start++) {
      const { recorder } = openRecorder(out, { tensorboard: true });
      await recorder.start(description);
    }
    expect(await eventFiles(out)).toEqual([0, 1, 2].map(at => `events.out.tfevents.${startMs / 1000 + at}.cyclebox`));
  });
});

function readAsTensorboard(out: string): Record<string, Record<string, unknown[]>> {
  const { status, stdout, stderr } = spawnSync(python, [reader, join(out, 'tensorboard')], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

const hasTensorboard = spawnSync(python, ['-c', 'import tensorboard']).status === 0;

describe("TensorBoard's own readers", () => {
  it.skipIf(!hasTensorboard)(
    `find the scalars and images of a run that was killed in a record and resumed (skipped unless ${python} has tensorboard; CYCLEBOX_TENSORBOARD_PYTHON names another)`,
    async () => {
      const out = await temporaryFolder();
      const first = openRecorder(out, { tensorboard: true });
      await first.recorder.start(description);
      await takeSteps(first.recorder, first.clock, 1, 30);
      await first.recorder.samples(30, colourGrid(30));
      await takeSteps(first.recorder, first.clock, 31, 40);
      await first.recorder.flush();
      const torn = join(out, 'tensorboard', (await eventFiles(out))[0]!);
      const whole = await readFile(torn);
      await writeFile(torn, whole.subarray(0, whole.length - 5));
      const second = openRecorder(out, { tensorboard: true });
      await second.recorder.resume(25, description);
      await takeSteps(second.recorder, second.clock, 26, 60);
      await second.recorder.samples(60, colourGrid(60));
      await second.recorder.dispose();

      const { scalars, pageScalars, images, pageImages, wallTimes } = readAsTensorboard(out);
      const steps = [10, 20, 30, 40, 50, 60];
      const mean = (step: number) =>
        Array.from({ length: 10 }, (_, at) => stepValues(step - at).losses['G_A']!).reduce((sum, one) => sum + one) /
        10;
      const expected = steps.map(step => [step, Math.fround(Number(mean(step).toPrecision(6)))]);
      expect(scalars!['loss/G_A']).toEqual(expected);
      expect(pageScalars!['loss/G_A']).toEqual(expected);
      expect(Object.keys(pageScalars!)).toEqual(
        expect.arrayContaining(['loss/D_A', 'rate/generator', 'speed/imagesPerSecond', 'metrics/style']),
      );
      expect(scalars!['metrics/style']!.map(point => (point as number[])[0])).toEqual([20, 40, 60]);
      expect(images!['samples']).toHaveLength(1);
      const [step, width, height, png] = images!['samples']![0] as [number, number, number, string];
      expect([step, width, height]).toEqual([60, 24, 16]);
      expect(pageImages!['samples']).toEqual([[60, png.length / 2]]);
      const pixels = await sharp(Buffer.from(png, 'hex')).raw().toBuffer();
      expect([...pixels.subarray(0, 3)]).toEqual([255, 10, 0]);
      expect((wallTimes as unknown as number[])[0]).toBeCloseTo((startMs + 10 * stepMs) / 1000, 3);
    },
    30_000,
  );
});
