/** `cyclebox models quantize`: what it writes is taken by the next translation, and bad input is told before anything is run. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { quantiseModel } from '../../../src/cli/models/quantise-model.js';
import { encodeImage } from '../../../src/image/index.js';
import { type GeneratorSpec, generatorGraph } from '../../../src/nets/index.js';
import { encodeOnnx } from '../../../src/onnx/index.js';
import { openTranslator } from '../../../src/translate/index.js';
import { networkValues } from '../../nets/network-values.js';
import { sharedFolder, testPicture } from '../../support/pictures.js';

const spec: GeneratorSpec = {
  ...{ kind: 'resnet', blocks: 1, width: 8, inputChannels: 3, outputChannels: 3, dropout: false },
  ...{ upsample: 'resize', norm: 'group' },
};

const [plenty, few] = [8, 2];
const shared = sharedFolder();
let folder: string;
beforeAll(async () => {
  folder = shared.path;
  const values = Object.entries(networkValues(spec)).map(([key, { data }]) => [key, data] as const);
  const metadata = { 'cyclebox.range': '-1..1', 'cyclebox.architecture': JSON.stringify(spec) };
  await writeFile(
    join(folder, 'net.onnx'),
    encodeOnnx(generatorGraph(spec), { weights: Object.fromEntries(values), metadata }),
  );
  for (const [name, count] of [
    ['a', plenty],
    ['b', plenty],
    ['few', few],
  ] as const) {
    await mkdir(join(folder, name));
    for (let at = 0; at < count; at++) {
      const picture = testPicture(40 + at, 36);
      await writeFile(join(folder, name, `${at}.png`), await encodeImage(picture, { format: 'png' }));
    }
  }
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});

const limits = { most: 8, judgeMost: 4, size: 32, atLeast: 30, threads: 1, json: true };
const quantise = (images: string, judge: string, file = 'net.onnx') =>
  quantiseModel(join(folder, file), { ...limits, images: join(folder, images), judge: join(folder, judge) });
const judgeAgain = (judgeMost: number) =>
  quantiseModel(join(folder, 'again.onnx'), { ...limits, judgeMost, judge: join(folder, 'b') });

describe('models quantize', () => {
  it('writes a calibration that int8 is run by, and does not write over it', async () => {
    expect(await quantise('a', 'b')).toBe(0);
    const written = JSON.parse(await readFile(join(folder, 'net.int8.json'), 'utf8'));
    expect(written).toMatchObject({ images: 4, calibratedOn: 8 });
    const translator = await openTranslator({
      model: join(folder, 'net.onnx'),
      engine: 'cpu',
      precision: 'int8',
      threads: 1,
    });
    expect((await translator.translatePicture(testPicture(32, 32))).precision).toBe('int8');
    await translator.dispose();
    await expect(quantise('a', 'b')).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  });

  it('judges a calibration again on more images, and leaves all else of it', async () => {
    await writeFile(join(folder, 'again.onnx'), await readFile(join(folder, 'net.onnx')));
    await expect(judgeAgain(8)).rejects.toMatchObject({ code: 'USAGE' });
    await quantise('a', 'b', 'again.onnx');
    const read = async () => JSON.parse(await readFile(join(folder, 'again.int8.json'), 'utf8'));
    const { psnr: _psnr, lowest: _lowest, images: _images, ...rest } = await read();
    expect(await judgeAgain(4)).toBe(0);
    const { lowest } = await read();
    expect(await judgeAgain(8)).toBe(0);
    const again = await read();
    expect(again).toMatchObject({ ...rest, images: 8 });
    expect(again.lowest).toBeLessThanOrEqual(lowest); // The four are among the eight.
  });

  it.each([
    ['images that are judged on as well', 'a', 'a', /would be calibrated and judged on/],
    ['too few images', 'few', 'b', /holds 2 images; at least 4/],
    ['a folder that is not there', 'gone', 'b', /gone cannot be read/],
  ])('refuses %s', async (_name, images, judge, message) => {
    await writeFile(join(folder, 'other.onnx'), await readFile(join(folder, 'net.onnx')));
    await expect(quantise(images, judge, 'other.onnx')).rejects.toThrow(message);
  });
});
