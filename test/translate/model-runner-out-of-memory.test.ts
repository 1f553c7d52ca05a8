import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Picture } from '../../src/image/index.js';
import { type MemoryStep, openTranslator, type Translator, type TranslatorOptions } from '../../src/translate/index.js';
import { nextFallback, noFallback } from '../../src/translate/memory-fallback.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';
import { type PretendDevice, type PretendOptions, pretendDevice } from '../support/pretend-device.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const rule = { multiple: 4, minimum: 16 };
/** What the estimate takes for one pixel of the narrowest network. */
const bytesPerPixel = 4 * 6 * 16;

interface Opened {
  readonly translator: Translator;
  readonly device: PretendDevice;
  readonly steps: MemoryStep[];
  readonly kinds: () => readonly string[];
}

/** A network that negates, exported as ours are, on a device whose memory ends early. */
async function open(pretend: PretendOptions, options: TranslatorOptions = {}): Promise<Opened> {
  const metadata = { 'cyclebox.architecture': JSON.stringify({ kind: 'resnet', width: 16 }) };
  const model = await writeTinyOnnx(join(await temporaryFolder(), 'tiny.onnx'), { kind: 'negate', metadata });
  const device = pretendDevice(pretend);
  const steps: MemoryStep[] = [];
  const translator = await openTranslator({
    model,
    engine: pretend.id ?? 'webgpu',
    openEngine: device.openEngine,
    onMemoryStep: step => void steps.push(step),
    // Parts that share statistics are graphs, which this device does not compile.
    tiling: 'independent',
    ...options,
  });
  onTestFinished(() => translator.dispose());
  return { translator, device, steps, kinds: () => steps.map(({ kind }) => kind) };
}

function negative({ rgb }: Picture): Uint8Array {
  return rgb.map(value => 255 - value);
}

describe('when the memory of a device runs out', () => {
  test('caches are freed first, and that may be enough', async () => {
    const pretend: PretendOptions = { holdsPixels: 100 };
    const freeMemory = async () => {
      pretend.holdsPixels = 1e6;
    };
    const { translator, device, kinds } = await open(pretend, { freeMemory });
    const picture = testPicture(64, 48);
    const { picture: result, device: where } = await translator.translatePicture(picture);
    expect(maxDifference(result.rgb, negative(picture))).toBe(0);
    expect([device.freed.caches, where]).toEqual([1, 'webgpu']);
    expect(kinds()).toEqual(['caches']);
  });

  test('tiles get smaller until they fit, the result is whole, and the next picture starts there', async () => {
    const { translator, device, kinds, steps } = await open({ holdsPixels: 100_000 });
    const picture = testPicture(600, 600);
    const { picture: result, tiles } = await translator.translatePicture(picture);
    expect(maxDifference(result.rgb, negative(picture))).toBe(0);
    expect(tiles).toBeGreaterThan(1);
    expect(kinds()).toEqual(['caches', 'tiles', 'tiles']);
    expect(steps.at(-1)?.message).toBe(
      'tiny.onnx ran out of memory on webgpu: from now on its tiles have at most 299 × 299 pixels',
    );
    const failed = device.attempts.length - device.runs.length;
    await translator.translatePicture(picture);
    expect(device.attempts.length - device.runs.length).toBe(failed);
    expect(kinds()).toHaveLength(3);
    for (const [n = 0, height = 0, width = 0] of device.runs) expect(n * height * width).toBeLessThanOrEqual(100_000);
  });

  test('fewer tiles go at a time before they get smaller', async () => {
    const limit = { memoryLimitBytes: 2_200_000 * bytesPerPixel };
    const { translator, device, kinds, steps } = await open({ holdsPixels: 1_500_000 }, limit);
    const picture = testPicture(2300, 1100);
    const { picture: result, tiles } = await translator.translatePicture(picture);
    expect(maxDifference(result.rgb, negative(picture))).toBe(0);
    expect(tiles).toBe(6);
    expect(kinds()).toEqual(['caches', 'batch']);
    expect(steps.at(-1)?.message).toContain('at most 1 tile at a time');
    expect(device.attempts.slice(0, 3).map(([n]) => n)).toEqual([2, 2, 1]);
    expect(new Set(device.runs.map(String))).toEqual(new Set(['1,1024,1024']));
  });

  test('several tiles at a time give what they give alone', async () => {
    const limit = { memoryLimitBytes: 2_200_000 * bytesPerPixel };
    const { translator, device, kinds } = await open({}, limit);
    const picture = testPicture(2300, 1100);
    expect(maxDifference((await translator.translatePicture(picture)).picture.rgb, negative(picture))).toBe(0);
    expect(device.runs.map(([n]) => n)).toEqual([2, 1, 2, 1]);
    expect(kinds()).toEqual([]);
  });

  test('the CPU takes over at last, and the device is let go', async () => {
    const { translator, device, kinds } = await open({ holdsPixels: 1000 });
    const picture = testPicture(600, 300);
    const first = await translator.translatePicture(picture);
    expect(maxDifference(first.picture.rgb, negative(picture))).toBe(0);
    expect(first).toMatchObject({ device: 'cpu', precision: 'float32', tiles: 1 });
    expect(kinds()).toEqual(['caches', 'tiles', 'tiles', 'cpu']);
    expect(device.open.count).toBe(0);
    expect(translator.device.kind).toBe('cpu');
    const before = device.attempts.length;
    expect((await translator.translatePicture(picture)).device).toBe('cpu');
    expect(device.attempts.length).toBe(before);
    expect(kinds()).toHaveLength(4);
  });

  test('where not even the weights fit, the CPU takes over when the model is opened', async () => {
    const { translator, kinds } = await open({ holdsModels: 0 });
    expect(kinds()).toEqual(['caches', 'cpu']);
    expect((await translator.translatePicture(testPicture(20, 20))).device).toBe('cpu');
  });

  test('the CPU makes do with smaller tiles, and says so when the smallest is too much', async () => {
    const { translator, kinds } = await open({ id: 'cpu', holdsPixels: 70 * 70 });
    const picture = testPicture(200, 200);
    const { picture: result, tiles } = await translator.translatePicture(picture);
    expect(maxDifference(result.rgb, negative(picture))).toBe(0);
    expect(tiles).toBeGreaterThan(4);
    expect(new Set(kinds())).toEqual(new Set(['caches', 'tiles']));
    const hopeless = await open({ id: 'cpu', holdsPixels: 63 * 63 });
    await expect(hopeless.translator.translatePicture(picture)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  });

  test('a translator that is told where an earlier one had got to starts there', async () => {
    const { translator, steps } = await open({ holdsPixels: 100_000 });
    const picture = testPicture(600, 600);
    await translator.translatePicture(picture);
    const second = await open({ holdsPixels: 100_000 }, { fallback: steps.at(-1)?.fallback });
    await second.translator.translatePicture(picture);
    expect(second.kinds()).toEqual([]);
    expect(second.device.attempts.length).toBe(second.device.runs.length);
  });

  test('a limit that the user sets too low is an error, and no reason to leave the device', async () => {
    const { translator, kinds } = await open({}, { memoryLimitBytes: 1000 });
    await expect(translator.translatePicture(testPicture(600, 600))).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect(kinds()).toEqual([]);
  });
});

describe('float16', () => {
  test('is taken where the device has it, and not on the CPU', async () => {
    expect((await open({})).translator.precision).toBe('float16');
    expect((await open({ id: 'cpu' })).translator.precision).toBe('float32');
    expect((await open({ float16: 'missing' })).translator.precision).toBe('float32');
    expect((await open({}, { precision: 'float32' })).translator.precision).toBe('float32');
    await expect(open({ float16: 'missing' }, { precision: 'float16' })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
    });
  });

  test('gives way to float32 where it gives no numbers, unless it was asked for', async () => {
    const { translator, kinds } = await open({ float16: 'overflows' });
    const picture = testPicture(30, 30);
    const result = await translator.translatePicture(picture);
    expect(maxDifference(result.picture.rgb, negative(picture))).toBe(0);
    expect(result).toMatchObject({ precision: 'float32', device: 'webgpu' });
    expect(kinds()).toEqual(['precision']);
    const asked = await open({ float16: 'overflows' }, { precision: 'float16' });
    await expect(asked.translator.translatePicture(picture)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });
});

describe('the next fallback', () => {
  test('halves the batch, then the tile, and ends at the CPU', () => {
    const step = (batch: number, pixels: number, isLast = false) =>
      nextFallback(noFallback, { batch, pixels }, rule, isLast);
    expect(step(4, 1e6)).toMatchObject({ kind: 'batch', fallback: { batch: 2 } });
    expect(step(3, 1e6)).toMatchObject({ kind: 'batch', fallback: { batch: 1 } });
    expect(step(1, 1e6)).toMatchObject({ kind: 'tiles', fallback: { batch: 1, maxPixels: 5e5 } });
    expect(step(1, 70_000)).toMatchObject({ kind: 'tiles', fallback: { maxPixels: 256 * 256 } });
    expect(step(1, 256 * 256)).toMatchObject({ kind: 'cpu', fallback: { onCpu: true } });
    expect(step(1, 256 * 256, true)).toMatchObject({ kind: 'tiles' });
    expect(step(1, 64 * 64, true)).toBeUndefined();
  });

  test('never asks for tiles that the network cannot take', () => {
    const coarse = { multiple: 256, minimum: 256 };
    expect(nextFallback(noFallback, { batch: 1, pixels: 512 * 256 }, coarse, true)).toMatchObject({ kind: 'tiles' });
    expect(nextFallback(noFallback, { batch: 1, pixels: 256 * 256 }, coarse, true)).toBeUndefined();
  });
});
