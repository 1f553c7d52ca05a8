import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Random } from '../../src/base/index.js';
import { decodeImage, encodeImage, type Picture } from '../../src/image/index.js';
import { type GeneratorSpec, initialise, parametersOf } from '../../src/nets/index.js';
import { encodeGenerator } from '../../src/training/generator-model.js';
import { openTranslator, type TranslatorOptions } from '../../src/translate/index.js';
import { colourProfile, type ProfileName, withIcc } from '../support/colour-profiles.js';
import { type ForeignModel, foreignModel, node, tensor } from '../support/foreign-onnx.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';
import { type FieldSpec, plainDirectory, tiffBytes } from '../support/tiff-bytes.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const spec: GeneratorSpec = {
  kind: 'resnet',
  blocks: 1,
  width: 8,
  inputChannels: 3,
  outputChannels: 3,
  dropout: false,
};

async function generator(folder: string): Promise<string> {
  const values = initialise(spec, new Random(1));
  const weights = Object.fromEntries(parametersOf(spec).map(({ key, shape }) => [key, { shape, data: values[key]! }]));
  const model = join(folder, 'generator.onnx');
  await writeFile(model, encodeGenerator({ spec, weights, pair: 'a-b', from: 'a', to: 'b', training: {} }));
  return model;
}

/** With alpha, but nowhere fully transparent: hidden colours are drawn in for pictures in memory alone. */
function seen(width: number, height: number): Picture {
  const { alpha, ...picture } = testPicture(width, height, { alpha: true });
  return { ...picture, alpha: alpha!.map(value => Math.max(1, value)) };
}

/** With more levels than bytes have, where there are 16 bits; opaque, since only there are results of JPEG alike. */
async function deepImage(bits: 8 | 16, profile: ProfileName | 'none'): Promise<Buffer> {
  const [width, height] = [203, 117];
  const values = Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return (x * 271 + y * 97 + (i % 3) * 9001) % 65_536;
  });
  const data = bits === 16 ? Uint16Array.from(values) : Uint8Array.from(values, value => value >> 8);
  const image = sharp(data, { raw: { width, height, channels: 3 } }).toColourspace(bits === 16 ? 'rgb16' : 'srgb');
  const png = await image.png().toBuffer();
  return profile === 'none' ? png : withIcc(png, await colourProfile(profile));
}

/** As they are, whatever they are of. */
async function valuesOf(image: string | Buffer): Promise<Uint8Array | Uint16Array> {
  const { depth } = await sharp(image).metadata();
  const opened = sharp(image, { ignoreIcc: true });
  if (depth !== 'ushort') return opened.raw().toBuffer();
  const bytes = await opened.toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer();
  return new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function meanDifference(one: ArrayLike<number>, other: ArrayLike<number>): number {
  return Array.from(one).reduce((sum, value, i) => sum + Math.abs(value - other[i]!), 0) / one.length;
}

async function headOf(image: string | Buffer) {
  const { depth, icc, hasAlpha } = await sharp(image).metadata();
  return { depth, icc, hasAlpha };
}

/** Every pixel four times, and negative. */
const doubled: ForeignModel = {
  output: { shape: ['n', 3, 'h2', 'w2'] },
  nodes: [
    node('Neg', ['image'], ['v']),
    node('ConvTranspose', ['v', 'w'], ['translated'], { kernel_shape: [2, 2], strides: [2, 2], group: 3 }),
  ],
  weights: [tensor('w', [3, 1, 2, 2], new Array<number>(12).fill(1))],
  metadata: { 'cyclebox.scale': '2' },
};

async function opened(options: TranslatorOptions) {
  const translator = await openTranslator({ engine: 'cpu', threads: 1, ...options });
  onTestFinished(() => translator.dispose());
  return translator;
}

describe('translate-stored', () => {
  let folder = '';
  let spill = '';
  const before = process.env['TMPDIR'];
  beforeEach(async () => {
    folder = await temporaryFolder();
    spill = await temporaryFolder();
    process.env['TMPDIR'] = spill;
  });
  afterEach(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });

  test.each(['png', 'tiff'] as const)(
    'from %s to file gives what memory gives, with alpha, and leaves nothing else',
    async format => {
      const source = join(folder, `in.${format}`);
      await writeFile(source, await encodeImage(seen(203, 117), { format }));
      const translator = await opened({ model: await generator(folder), memoryLimitBytes: 4 * 6 * 16 * 96 * 96 });
      const told: number[] = [];
      const target = join(folder, 'out');
      const written = await translator.translateFile(source, target, { onProgress: fraction => told.push(fraction) });
      const inMemory = await translator.translate(source);
      expect(written).toMatchObject({ width: 203, height: 117, format, tiling: 'exact', scale: 'native' });
      const [fromFile, fromMemory] = [await decodeImage(target), await decodeImage(inMemory.data)];
      expect(maxDifference(fromFile.rgb, fromMemory.rgb)).toBeLessThanOrEqual(1);
      expect(fromFile.alpha).toEqual(fromMemory.alpha);
      expect(told.at(-1)).toBeCloseTo(1, 9);
      expect(await readdir(spill)).toEqual([]);
    },
  );

  const deeps = (['none', 'p3', 'adobe'] as const).flatMap(profile =>
    (['srgb', 'source'] as const).flatMap(colour =>
      (['png', 'tiff', 'webp', 'jpeg'] as const).flatMap(format =>
        ([16, 8] as const).map(bits => ({ profile, colour, format, bits })),
      ),
    ),
  );
  test.each(deeps)('%j is from file to file what it is in memory', async ({ profile, bits, ...how }) => {
    const source = join(folder, 'in.png');
    await writeFile(source, await deepImage(bits, profile));
    const model = await writeTinyOnnx(join(folder, 'normalize.onnx'), { kind: 'normalize' });
    const translator = await opened({ model, memoryLimitBytes: 4 * 6 * 16 * 96 * 96 });
    const coding = { png: {}, tiff: {}, webp: { lossless: true }, jpeg: { quality: 100 } }[how.format];
    const options = { ...how, ...coding };
    const target = join(folder, 'out');
    const written = await translator.translateFile(source, target, options);
    const inMemory = await translator.translate(source, options);
    expect([...written.notes].sort()).toEqual([...inMemory.notes].sort());
    const [file, memory] = await Promise.all([target, inMemory.data].map(each => valuesOf(each)));
    expect(await headOf(target)).toEqual(await headOf(inMemory.data));
    expect(file!.length).toBe(memory!.length);
    // What differs by one before it is coded with loss may differ by more after that.
    if (how.format === 'jpeg') expect(meanDifference(file!, memory!)).toBeLessThan(1);
    else expect(maxDifference(file!, memory!)).toBeLessThanOrEqual(1);
    expect(await readdir(spill)).toEqual([]);
  });

  test('what is said besides pixels goes along, and a turned image comes out upright', async () => {
    const source = join(folder, 'in.jpg');
    const image = sharp(await encodeImage(testPicture(90, 60), { format: 'png' })).jpeg();
    await writeFile(
      source,
      await image
        .withExif({ IFD0: { Artist: 'somebody' } })
        .withMetadata({ orientation: 6 })
        .toBuffer(),
    );
    const translator = await opened({ model: await generator(folder) });
    const target = join(folder, 'out');
    const { width, height } = await translator.translateFile(source, target);
    expect([width, height]).toEqual([60, 90]);
    const { exif, orientation = 1 } = await sharp(target).metadata();
    expect(exif?.includes('somebody')).toBe(true);
    expect(orientation).toBe(1);
  });

  test('a TIFF says when, by whom and of which place on the earth it is, as in memory', async () => {
    const source = join(folder, 'in.tif');
    const below = new Map([[34_665, [{ fields: [[36_867, 2, '2024:05:17 09:30:11']] satisfies FieldSpec[] }]]]);
    const fields: readonly FieldSpec[] = [
      [315, 2, 'Ann Example'],
      [33_550, 12, [0.5, 0.5, 0]],
      [33_922, 12, [0, 0, 0, 400_000, 5_500_000, 0]],
    ];
    const plain = plainDirectory({ width: 90, height: 60, samples: 3, fields });
    await writeFile(source, tiffBytes({ directories: [{ ...plain, below }] }));
    const translator = await opened({ model: await generator(folder) });
    const target = join(folder, 'out');
    await translator.translateFile(source, target);
    const { data } = await translator.translate(source);
    const [file, memory] = await Promise.all([target, data].map(each => decodeImage(each, { metadata: 'keep' })));
    expect(file!.metadata).toEqual(memory!.metadata);
    expect([file!.metadata!.exif.length > 0, file!.metadata!.geo.length]).toEqual([true, 2]);
  });

  test('at another scale the change of a small copy is brought back to the rows', async () => {
    const source = join(folder, 'in.png');
    const picture = testPicture(200, 120);
    await writeFile(source, await encodeImage(picture, { format: 'png' }));
    const model = await writeTinyOnnx(join(folder, 'negate.onnx'), { kind: 'negate' });
    const translator = await opened({ model });
    const target = join(folder, 'out');
    const { shownAs, scale } = await translator.translateFile(source, target, { scale: 60 });
    expect([shownAs, scale]).toEqual([{ width: 100, height: 60 }, 60]);
    const { rgb } = await decodeImage(target);
    expect(
      maxDifference(
        rgb,
        picture.rgb.map(byte => 255 - byte),
      ),
    ).toBeLessThanOrEqual(3);
  });

  test('a network that enlarges does so from file to file', async () => {
    const source = join(folder, 'in.png');
    await writeFile(source, await encodeImage(seen(40, 24), { format: 'png' }));
    const model = join(folder, 'larger.onnx');
    await writeFile(model, foreignModel(doubled));
    const translator = await opened({ model });
    const target = join(folder, 'out');
    expect(await translator.translateFile(source, target)).toMatchObject({ width: 80, height: 48 });
    const { rgb, width } = await decodeImage(target);
    const whole = await decodeImage((await translator.translate(source)).data);
    expect(width).toBe(80);
    expect(maxDifference(rgb, whole.rgb)).toBeLessThanOrEqual(1);
  });

  test('one that is cancelled leaves neither result nor temporary files', async () => {
    const source = join(folder, 'in.png');
    await writeFile(source, await encodeImage(testPicture(203, 117), { format: 'png' }));
    const translator = await opened({ model: await generator(folder), memoryLimitBytes: 4 * 6 * 16 * 96 * 96 });
    const cancel = new AbortController();
    const target = join(folder, 'out');
    const run = translator.translateFile(source, target, { signal: cancel.signal, onProgress: () => cancel.abort() });
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(spill)).toEqual([]);
    expect(await readdir(folder)).not.toContain('out');
  });

  test('one with too many pixels, and one that is cut off, are refused', async () => {
    const whole = await encodeImage(testPicture(300, 200), { format: 'png' });
    const [source, cut] = [join(folder, 'in.png'), join(folder, 'cut.png')];
    await writeFile(source, whole);
    await writeFile(cut, whole.subarray(0, whole.length / 2));
    const small = await opened({ model: await generator(folder), maxMegapixels: 0.05 });
    await expect(small.translateFile(source, join(folder, 'out'))).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    const translator = await opened({ model: await generator(folder) });
    await expect(translator.translateFile(cut, join(folder, 'out'))).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    expect(await readdir(spill)).toEqual([]);
  });
});
