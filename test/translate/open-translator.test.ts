import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decodeImage, encodeImage, imageFormats, type Picture, withoutHiddenColours } from '../../src/image/index.js';
import { openTranslator, type Translator, type TranslatorOptions } from '../../src/translate/index.js';
import { maxDifference, temporaryFolder, testPicture, testRgb } from '../support/pictures.js';
import { type TinyOnnxOptions, writeTinyOnnx } from '../support/tiny-onnx.js';

async function translatorFor(network: TinyOnnxOptions, options: TranslatorOptions = {}): Promise<Translator> {
  const model = await writeTinyOnnx(join(await temporaryFolder(), 'tiny.onnx'), network);
  const translator = await openTranslator({ model, threads: 1, ...options });
  onTestFinished(() => translator.dispose());
  return translator;
}

/** Few bytes for one pixel (the narrowest network), so that this limit makes tiles of 72 × 72 pixels. */
const forcesTiles = { memoryLimitBytes: 4 * 6 * 16 * 72 * 72, tiling: 'independent' as const };

test('what is hidden under full transparency does not reach into what is seen', async () => {
  const translator = await translatorFor({ kind: 'blur' });
  const rgb = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (Math.floor(i / 3) % 16 < 8 ? 200 : 0));
  const alpha = Uint8Array.from({ length: 16 * 16 }, (_, i) => (i % 16 < 8 ? 255 : 0));
  const { picture } = await translator.translatePicture({ width: 16, height: 16, rgb, alpha, format: 'png' });
  expect(picture.alpha).toBe(alpha);
  expect(maxDifference(picture.rgb, new Uint8Array(rgb.length).fill(200))).toBeLessThanOrEqual(1);
});

describe('one image in, one image out', () => {
  test.each(imageFormats)('%s keeps format, size and alpha, and the network’s colours come out', async format => {
    const translator = await translatorFor({ kind: 'negate' });
    const alpha = format !== 'jpeg';
    const bytes = await encodeImage(testPicture(60, 44, { alpha }), { format });
    const result = await translator.translate(bytes);
    expect(result).toMatchObject({ width: 60, height: 44, format, tiles: 1 });
    const [before, after] = [await decodeImage(bytes), await decodeImage(result.data)];
    expect(after.format).toBe(format);
    expect(
      maxDifference(
        after.rgb,
        withoutHiddenColours(before).rgb.map(value => 255 - value),
      ),
    ).toBeLessThanOrEqual(format === 'png' || format === 'tiff' ? 0 : 20);
    expect(after.alpha?.length).toBe(alpha ? 60 * 44 : undefined);
    if (format === 'png') expect(after.alpha).toEqual(before.alpha);
  });

  test.each([
    [1, 1],
    [3, 5],
    [257, 101],
    [64, 64],
  ])('%i×%i keeps its size, whatever multiple the network needs', async (width, height) => {
    const picture = testPicture(width, height);
    for (const multiple of ['4', '16', '256']) {
      const translator = await translatorFor({ kind: 'identity', metadata: { 'cyclebox.size_multiple': multiple } });
      expect((await translator.translatePicture(picture)).picture).toEqual(picture);
    }
    const quarter = await translatorFor({ kind: 'quarter' });
    expect((await quarter.translatePicture(picture)).picture.rgb.length).toBe(width * height * 3);
    const blur = await translatorFor({ kind: 'blur' });
    expect((await blur.translatePicture(picture)).picture).toMatchObject({ width, height });
  });

  test('a rotated photo comes out upright, as a path and as bytes', async () => {
    const path = join(await temporaryFolder(), 'photo.jpg');
    const photo = sharp(testRgb(40, 24), { raw: { width: 40, height: 24, channels: 3 } });
    await photo.withMetadata({ orientation: 6 }).jpeg().toFile(path);
    const translator = await translatorFor({ kind: 'identity' });
    for (const source of [path, await readFile(path)]) {
      const { data, width, height } = await translator.translate(source);
      expect([width, height]).toEqual([24, 40]);
      const metadata = await sharp(data).metadata();
      expect([metadata.width, metadata.height, metadata.orientation]).toEqual([24, 40, undefined]);
    }
  });

  test('colours come out in their order, and another format may be asked for', async () => {
    const translator = await translatorFor({ kind: 'matrix', bias: [0.5, 0, -0.5] });
    const flat = {
      width: 20,
      height: 20,
      rgb: new Uint8Array(1200).map((_, i) => [200, 100, 50][i % 3]!),
      format: 'jpeg' as const,
    };
    const { data, format } = await translator.translate(await encodeImage(flat, { format: 'png' }), { format: 'tiff' });
    expect(format).toBe('tiff');
    expect([...(await decodeImage(data)).rgb.subarray(0, 3)]).toEqual([114, 100, 136]);
  });

  test('calls made at once wait for each other and each get their own picture', async () => {
    const translator = await translatorFor({ kind: 'negate' });
    const sizes = [10, 20, 30, 40];
    const results = await Promise.all(sizes.map(size => translator.translatePicture(testPicture(size, size))));
    expect(results.map(({ picture }) => picture.width)).toEqual(sizes);
  });
});

describe('tiles', () => {
  const wide = testPicture(300, 172, { alpha: true });

  test('a picture over the memory limit is translated in tiles, says so, and an identity network changes no byte that is seen', async () => {
    const translator = await translatorFor({ kind: 'identity' }, forcesTiles);
    const { picture, tiles } = await translator.translatePicture(wide);
    expect(tiles).toBeGreaterThan(10);
    expect(picture).toEqual(withoutHiddenColours(wide));
    const { tiles: told } = await translator.translate(await encodeImage(wide, { format: 'png' }));
    expect(told).toBe(tiles);
  });

  test('seams do not show where the network sees no further than the overlap', async () => {
    const noise = { ...wide, rgb: wide.rgb.map((value, i) => (value + ((i * 7919) % 97)) % 256) };
    const whole = await (await translatorFor({ kind: 'blur' })).translatePicture(noise);
    const tiled = await (await translatorFor({ kind: 'blur' }, forcesTiles)).translatePicture(noise);
    expect([whole.tiles, tiled.tiles > 10]).toEqual([1, true]);
    expect(maxDifference(tiled.picture.rgb, whole.picture.rgb)).toBeLessThanOrEqual(1);
  });

  test('where each tile comes out differently, the blend leaves no step', async () => {
    const ramp: Picture = {
      ...wide,
      rgb: Uint8Array.from({ length: wide.rgb.length }, (_, i) => Math.floor((i % 900) / 3.6)),
    };
    const { picture, tiles } = await (await translatorFor({ kind: 'normalize' }, forcesTiles)).translatePicture(ramp);
    expect(tiles).toBeGreaterThan(10);
    let step = 0;
    for (let x = 1; x < 300; x++) step = Math.max(step, Math.abs(picture.rgb[x * 3]! - picture.rgb[x * 3 - 3]!));
    // Neighbouring tiles differ by about 96 levels here, which a hard cut would show as one step.
    expect(step).toBeLessThan(20);
  });

  test('a limit below the smallest tile is refused with what is needed', async () => {
    const translator = await translatorFor({ kind: 'identity' }, { memoryLimitBytes: 1000 });
    const attempt = translator.translatePicture(wide);
    await expect(attempt).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    await expect(attempt).rejects.toThrow(/64 × 64.*--memory-limit/);
  });

  test('cancelling stops between tiles', async () => {
    const translator = await translatorFor({ kind: 'identity' }, forcesTiles);
    const signal = AbortSignal.abort();
    await expect(translator.translatePicture(wide, { signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await translator.translatePicture(testPicture(8, 8))).tiles).toBe(1);
  });
});

describe('what cannot be opened or translated', () => {
  test('neither a model nor a pair and a domain', async () => {
    await expect(openTranslator({})).rejects.toMatchObject({ code: 'USAGE' });
    await expect(openTranslator({ pair: 'satellite-map' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(openTranslator({ model: 'x', maxMegapixels: 0 })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('a model that is not there, or is none, names its file', async () => {
    const folder = await temporaryFolder();
    await expect(openTranslator({ model: join(folder, 'no.onnx') })).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    for (const content of ['', 'this is no network']) {
      const model = join(folder, 'text.onnx');
      await writeFile(model, content);
      await expect(openTranslator({ model })).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringContaining(model),
      });
    }
  });

  test('names of input and output do not matter, the size of the output does', async () => {
    const translator = await translatorFor({ kind: 'negate', input: 'input.1', output: '417' });
    expect((await translator.translatePicture(testPicture(9, 9))).picture.width).toBe(9);
    const odd = await translatorFor({ kind: 'quarter', metadata: { 'cyclebox.size_multiple': '1' } });
    await expect(odd.translatePicture(testPicture(18, 18))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/16.*18/),
    });
  });

  test('a network that gives no numbers is an error, not a black picture', async () => {
    const translator = await translatorFor({ kind: 'matrix', bias: [Number.NaN, 0, 0] });
    await expect(translator.translatePicture(testPicture(9, 9))).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });

  test('an image error names the file, and the next image is translated all the same', async () => {
    const translator = await translatorFor({ kind: 'negate' }, { maxMegapixels: 0.001 });
    const text = translator.translate(Buffer.from('no image'), { file: 'a.txt' });
    await expect(text).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED', subject: { file: 'a.txt' } });
    const large = translator.translate(await encodeImage(testPicture(40, 40)), { file: 'large.png' });
    await expect(large).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining('large.png'),
    });
    expect((await translator.translate(await encodeImage(testPicture(20, 20)))).width).toBe(20);
  });

  test('after dispose, nothing is translated; disposing twice is fine', async () => {
    const translator = await translatorFor({ kind: 'negate' });
    await translator.dispose();
    await translator.dispose();
    await expect(translator.translatePicture(testPicture(9, 9))).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

test('a pair and a domain are enough: the plugin names the model, the store holds it', async () => {
  const root = await temporaryFolder();
  await mkdir(join(root, 'plugins', 'cat-dog'), { recursive: true });
  await mkdir(join(root, 'store'));
  const contributes = {
    domainPairs: [{ id: 'cat-dog', domains: ['cat', 'dog'], models: { dog: { path: 'to-dog.onnx' } } }],
  };
  const manifest = { name: 'cat-dog', version: '1.0.0', engines: { cyclebox: '^1.0.0' }, contributes };
  await writeFile(join(root, 'plugins', 'cat-dog', 'package.json'), JSON.stringify(manifest));
  const options = { pair: 'cat-dog', plugins: [join(root, 'plugins')], modelStore: join(root, 'store') };
  await expect(openTranslator({ ...options, to: 'dog' })).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  await writeTinyOnnx(join(root, 'store', 'to-dog.onnx'));
  const translator = await openTranslator({ ...options, to: 'dog' });
  onTestFinished(() => translator.dispose());
  expect(translator.model).toBe(join(root, 'store', 'to-dog.onnx'));
  expect((await translator.translatePicture(testPicture(5, 5))).picture.width).toBe(5);
  await expect(openTranslator({ ...options, to: 'cat' })).rejects.toThrow(
    /no model for this direction.*cyclebox train --pair cat-dog/,
  );
  await expect(openTranslator({ ...options, to: 'dgo' })).rejects.toThrow(/Did you mean "dog"\?/);
});
