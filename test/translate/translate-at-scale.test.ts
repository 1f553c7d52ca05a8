/** At which scale a picture is shown to a network, and what comes back: the picture's size, its detail, and the change. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { encodeImage, type Picture } from '../../src/image/index.js';
import type { ModelFit } from '../../src/plugin-api/index.js';
import { openTranslator, type Translator, type TranslatorOptions } from '../../src/translate/index.js';
import { LocalAffine } from '../../src/translate/local-affine.js';
import { transferChange } from '../../src/translate/transfer-change.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';
import { type TinyOnnxOptions, writeTinyOnnx } from '../support/tiny-onnx.js';

/** Colours are mixed and lose contrast, and none leaves the range of bytes. */
const mixing = {
  kind: 'matrix',
  matrix: [
    [0.5, 0.2, 0.1],
    [0.1, 0.6, 0],
    [0, -0.3, 0.4],
  ],
  bias: [0.1, -0.15, 0.2],
} as const satisfies TinyOnnxOptions;

/** What `mixing` makes of every pixel. */
function mixed({ rgb }: Picture): Uint8Array {
  return rgb.map((_, i) => {
    const pixel = [0, 1, 2].map(c => rgb[i - (i % 3) + c]! / 127.5 - 1);
    const value = mixing.matrix[i % 3]!.reduce<number>(
      (sum, weight, c) => sum + weight * pixel[c]!,
      mixing.bias[i % 3]!,
    );
    return Math.round((value + 1) * 127.5);
  });
}

/** Ramps with a fine grain that a small copy cannot hold. */
function grainy(width: number, height: number): Picture {
  const picture = testPicture(width, height, { alpha: true });
  const grain = (i: number) => (((i * 2654435761) >>> 16) % 41) - 20;
  return { ...picture, rgb: picture.rgb.map((value, i) => Math.min(255, Math.max(0, value + grain(i)))) };
}

async function translatorFor(network: TinyOnnxOptions, options: TranslatorOptions = {}): Promise<Translator> {
  const model = await writeTinyOnnx(join(await temporaryFolder(), 'tiny.onnx'), network);
  const translator = await openTranslator({ model, threads: 1, ...options });
  onTestFinished(() => translator.dispose());
  return translator;
}

/** A folder with a pair whose model to the night has this fit in its manifest. */
async function pluginWith(fit: ModelFit, network: TinyOnnxOptions): Promise<TranslatorOptions> {
  const folder = join(await temporaryFolder(), 'day-night');
  await mkdir(folder);
  await writeTinyOnnx(join(folder, 'night.onnx'), network);
  const pair = { id: 'day-night', domains: ['day', 'night'], models: { night: { path: 'night.onnx', fit } } };
  const engines = { cyclebox: '^1.0.0' };
  const manifest = { name: 'day-night', version: '1.0.0', engines, contributes: { domainPairs: [pair] } };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  return { model: undefined, pair: 'day-night', to: 'night', plugins: [folder], threads: 1 };
}

const says = (trained: string): TinyOnnxOptions => ({ kind: 'negate', metadata: { 'cyclebox.trained_size': trained } });

describe('a picture that is shown smaller', () => {
  test('gets an affine change of colours back exactly, at full size, with its grain and alpha', async () => {
    const translator = await translatorFor(mixing);
    const picture = grainy(420, 300);
    const result = await translator.translatePicture(picture, { scale: 50 });
    expect(result).toMatchObject({ scale: 50, shownAs: { width: 70, height: 50 } });
    expect(maxDifference(result.picture.rgb, mixed(picture))).toBeLessThanOrEqual(1);
    expect({ ...result.picture, rgb: picture.rgb }).toEqual(picture);
    const { picture: native } = await translator.translatePicture(picture);
    expect(maxDifference(native.rgb, mixed(picture))).toBeLessThanOrEqual(1);
  });

  test('goes through in tiles where memory is short, like any other', async () => {
    const tight = { memoryLimitBytes: 4 * 6 * 16 * 72 * 72, tiling: 'independent' as const };
    const translator = await translatorFor(mixing, { ...tight, scale: 150 });
    const picture = grainy(420, 300);
    const result = await translator.translatePicture(picture);
    expect(result.tiles).toBeGreaterThan(4);
    expect(maxDifference(result.picture.rgb, mixed(picture))).toBeLessThanOrEqual(1);
  });

  test.each([
    [1, 300],
    [300, 1],
    [17, 19],
    [64, 64],
  ])('keeps its size at %i × %i', async (width, height) => {
    const translator = await translatorFor({ kind: 'negate' }, { scale: 16 });
    const { picture } = await translator.translatePicture(testPicture(width, height));
    expect(picture).toMatchObject({ width, height });
    expect(picture.rgb.length).toBe(width * height * 3);
  });

  test('ends when it is cancelled while the change is brought back', async () => {
    const small = testPicture(20, 20);
    const stopped = new Error('stopped');
    const goOn = () => {
      throw stopped;
    };
    const transfer = transferChange(testPicture(400, 400), { before: small, after: small }, goOn);
    await expect(transfer).rejects.toBe(stopped);
  });
});

describe('the local maps of colours', () => {
  test('applied to the small copy give its translation, also where that is a new pattern', () => {
    const before = testPicture(40, 30);
    const stripes = { ...before, rgb: before.rgb.map((value, i) => (Math.floor(i / 3) % 8 < 4 ? value : 20)) };
    const maps = new LocalAffine(before, stripes);
    const applied = new Float64Array(before.rgb.length);
    for (let y = 0; y < 30; y++) {
      const row = maps.row(y);
      for (let i = y * 120; i < (y + 1) * 120; i++) {
        const pixel = i - (i % 3);
        const at = ((pixel / 3) % 40) * 12 + (i % 3) * 4;
        const colour = (c: number) => row[at + c]! * before.rgb[pixel + c]!;
        applied[i] = colour(0) + colour(1) + colour(2) + row[at + 3]!;
      }
    }
    expect(maxDifference(applied, stripes.rgb)).toBeLessThanOrEqual(1.001);
    expect(maxDifference(before.rgb, stripes.rgb)).toBeGreaterThan(100);
  });

  test('of a grey picture, which leaves colours open, keep what is coloured in the large one as it is', async () => {
    const grey = { ...testPicture(30, 30), rgb: Uint8Array.from({ length: 2700 }, (_, i) => Math.floor(i / 3) % 200) };
    const large = testPicture(90, 90);
    const { rgb } = await transferChange(large, { before: grey, after: grey });
    expect(maxDifference(rgb, large.rgb)).toBeLessThanOrEqual(1);
  });
});

describe('native', () => {
  test('is the default, and gives the same bytes as ever', async () => {
    const picture = grainy(90, 61);
    const identity = await translatorFor({ kind: 'identity', metadata: { 'cyclebox.trained_size': '32' } });
    const unchanged = await identity.translatePicture(picture);
    expect(unchanged).toMatchObject({ scale: 'native', shownAs: { width: 90, height: 61 } });
    expect(unchanged.picture).toEqual(picture);
    const blur = await translatorFor({ kind: 'blur' });
    const { picture: plain } = await blur.translatePicture(picture);
    for (const scale of ['native', 61] as const)
      expect((await blur.translatePicture(picture, { scale })).picture).toEqual(plain);
  });
});

describe('a picture that is smaller than the pixels that were asked for', () => {
  test('is shown as it is', async () => {
    const translator = await translatorFor({ kind: 'negate' }, { scale: 96 });
    const result = await translator.translatePicture(testPicture(40, 24));
    expect(result).toMatchObject({ scale: 96, shownAs: { width: 40, height: 24 } });
  });
});

describe('a picture that is shown larger', () => {
  test('comes back at its own size', async () => {
    const translator = await translatorFor(says('96'), { scale: 'trained' });
    const picture = testPicture(40, 24, { alpha: true });
    const result = await translator.translatePicture(picture);
    expect(result.shownAs).toEqual({ width: 160, height: 96 });
    expect(result.picture.alpha).toEqual(picture.alpha);
    const negative = picture.rgb.map(value => 255 - value);
    expect(maxDifference(result.picture.rgb, negative)).toBeLessThanOrEqual(6);
  });

  test('is refused where that would be more than the limit of megapixels', async () => {
    const translator = await translatorFor(says('200'), { maxMegapixels: 0.01, scale: 'trained' });
    const refused = translator.translatePicture(testPicture(40, 24));
    await expect(refused).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringMatching(/40 × 24 become 333 × 200.*--max-megapixels/),
    });
  });
});

describe('the trained scale', () => {
  test('is what the model says of itself, and the report tells', async () => {
    const translator = await translatorFor(says('36'), { scale: 'trained' });
    const bytes = await encodeImage(testPicture(120, 72), { format: 'png' });
    const result = await translator.translate(bytes);
    expect(result).toMatchObject({ scale: 'trained', shownAs: { width: 60, height: 36 }, width: 120, height: 72 });
  });

  test('is what the manifest says, which goes before the model and sets the default', async () => {
    const pair = await pluginWith({ trainedSize: 24, scale: 'trained' }, says('36'));
    const translator = await openTranslator(pair);
    onTestFinished(() => translator.dispose());
    const picture = testPicture(120, 72);
    expect(await translator.translatePicture(picture)).toMatchObject({ shownAs: { width: 40, height: 24 } });
    expect(await translator.translatePicture(picture, { scale: 'native' })).toMatchObject({
      scale: 'native',
      shownAs: { width: 120, height: 72 },
    });
  });

  test.each([undefined, '', '0', '-3', '1.5', 'large'])('cannot be had of a model that says %j', async trained => {
    const metadata = trained === undefined ? {} : { 'cyclebox.trained_size': trained };
    const refusal = { code: 'SCALE_UNKNOWN', message: expect.stringMatching(/tiny\.onnx.*number of pixels/) };
    await expect(translatorFor({ kind: 'negate', metadata }, { scale: 'trained' })).rejects.toMatchObject(refusal);
    const translator = await translatorFor({ kind: 'negate', metadata });
    const late = translator.translatePicture(testPicture(40, 40), { scale: 'trained' });
    await expect(late).rejects.toMatchObject(refusal);
  });
});

test.each([15, 16_385, 40.5, Number.NaN, 'half', ''])('%j is no scale', async scale => {
  await expect(translatorFor({ kind: 'negate' }, { scale: scale as never })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/"native", "trained", or a whole number of pixels from 16 to 16384/),
  });
});
