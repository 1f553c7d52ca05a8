import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Random } from '../../src/base/index.js';
import { openEngine } from '../../src/engine/index.js';
import type { Region } from '../../src/graph/index.js';
import { LocalNetwork } from '../../src/graph/index.js';
import { type GeneratorSpec, initialise, parametersOf, sizeMultipleOf } from '../../src/nets/index.js';
import { importOnnx, readNetwork } from '../../src/onnx/index.js';
import { MomentSum } from '../../src/tiling/channel-moments.js';
import { openTiledNetwork, type PlaneSize, type TiledImage, type TiledRunOptions } from '../../src/tiling/index.js';
import { KeptValue, type SpillFile } from '../../src/tiling/kept-value.js';
import { costOf, keptBytes, planPasses } from '../../src/tiling/passes.js';
import { encodeGenerator } from '../../src/training/generator-model.js';
import { temporaryFolder } from '../support/pictures.js';

const common = { width: 8, inputChannels: 3, outputChannels: 3, dropout: false };

function modelOf(spec: GeneratorSpec): Uint8Array {
  const values = initialise(spec, new Random(1));
  const weights = Object.fromEntries(
    parametersOf(spec).map(({ key, shape }) => {
      // Untrained nets are nearly grey: larger weights make what normalises matter.
      const data = values[key]!.map(value => (shape.length === 4 ? value * 3 : value));
      return [key, { shape, data }];
    }),
  );
  return encodeGenerator({ spec, weights, pair: 'a-b', from: 'a', to: 'b', training: {} });
}

/** Bright at one end and dark at the other, with noise: no part has the statistics of the whole. */
function plane([height, width]: PlaneSize): Float32Array {
  const random = new Random(7);
  const data = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        data[(c * height + y) * width + x] =
          Math.sin(x / (9 + c)) * 0.4 + ((y + x) / (height + width)) * 1.2 - 0.6 + (random.uniform() - 0.5) * 0.4;
  return data;
}

function cutOut(data: Float32Array, [height, width]: PlaneSize, [rows, columns]: Region): Float32Array {
  const [h, w] = [rows[1] - rows[0], columns[1] - columns[0]];
  const part = new Float32Array(3 * h * w);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < h; y++) {
      const from = (c * height + rows[0] + y) * width + columns[0];
      part.set(data.subarray(from, from + w), (c * h + y) * w);
    }
  return part;
}

async function compared(spec: GeneratorSpec, size: PlaneSize, options: Partial<TiledRunOptions>, scale = 1) {
  const engine = await openEngine('cpu', { threads: 1 });
  onTestFinished(() => engine.dispose());
  const bytes = modelOf(spec);
  const data = plane(size);
  const program = await engine.load({ bytes });
  const whole = (await program.run({ image: { shape: [1, 3, ...size], data } })).translated!.data;
  await program.dispose();
  const tiled = openTiledNetwork(engine, { bytes, name: 'it' }, sizeMultipleOf(spec))!;
  const result = new Float32Array(whole.length).fill(Number.NaN);
  const [height, width] = [size[0] * scale, size[1] * scale];
  const image: TiledImage = { size, read: async region => cutOut(data, size, region) };
  const run = await tiled.run(image, {
    tileBytes: 300_000,
    maxCells: Number.POSITIVE_INFINITY,
    keptBytes: 0,
    folder: tmpdir(),
    write: async ([rows, columns], part) => {
      const [h, w] = [rows[1] - rows[0], columns[1] - columns[0]];
      for (let c = 0; c < 3; c++)
        for (let y = 0; y < h; y++)
          result.set(
            part.subarray((c * h + y) * w, (c * h + y + 1) * w),
            (c * height + rows[0] + y) * width + columns[0],
          );
    },
    ...options,
  });
  // One level is 1/127.5 of the range of [-1, 1].
  let levels = 0;
  for (let i = 0; i < whole.length; i++) levels = Math.max(levels, Math.abs(whole[i]! - result[i]!) * 127.5);
  return { ...run, levels: Number.isNaN(levels) ? Number.POSITIVE_INFINITY : levels };
}

describe('tiled-network', () => {
  test.each<[string, GeneratorSpec, PlaneSize]>([
    ['resnet with instance norm', { kind: 'resnet', blocks: 3, ...common }, [100, 172]],
    ['resnet that resizes', { kind: 'resnet', blocks: 2, ...common, upsample: 'resize' }, [172, 100]],
    ['resnet with group norm', { kind: 'resnet', blocks: 2, ...common, norm: 'group' }, [124, 84]],
    ['resnet with batch norm', { kind: 'resnet', blocks: 2, ...common, norm: 'batch' }, [84, 124]],
    ['resnet without norm', { kind: 'resnet', blocks: 2, ...common, norm: 'none' }, [100, 60]],
    ['U-Net', { kind: 'unet', levels: 5, ...common, width: 4 }, [96, 160]],
  ])('a %s in tiles makes what it makes of the whole', async (_, spec, size) => {
    const { levels, tiles } = await compared(spec, size, {});
    expect(tiles).toBeGreaterThan(1);
    expect(levels).toBeLessThan(0.05);
  });

  const small: GeneratorSpec = { kind: 'resnet', blocks: 1, ...common };

  test('what is kept goes to a file where memory does not do, and the result is the same', async () => {
    const folder = await temporaryFolder();
    const spilled = await compared(small, [60, 84], { folder, keptBytes: 40_000 });
    const held = await compared(small, [60, 84], { folder, keptBytes: Number.POSITIVE_INFINITY });
    expect(spilled.spilledBytes).toBeGreaterThan(40_000);
    expect(held.spilledBytes).toBe(0);
    expect(Math.max(spilled.levels, held.levels)).toBeLessThan(0.05);
    expect(await readdir(folder)).toEqual([]);
  });

  test('what is sooner computed again than laid down is not laid down, and a third less disk is taken', () => {
    const side = 4096;
    const sizes = { image: [1, 3, side, side] };
    const network = new LocalNetwork(importOnnx(readNetwork(modelOf({ ...small, blocks: 2 }), 'it'), sizes));
    const held = planPasses(network, { keep: true, roomBytes: Number.POSITIVE_INFINITY });
    const laid = planPasses(network, { keep: true, roomBytes: 2 ** 20 });
    expect(laid.length).toBe(held.length);
    expect(keptBytes(network, laid)).toBeLessThan(0.67 * keptBytes(network, held));
    // What the blocks make is dear.
    expect(keptBytes(network, laid)).toBeGreaterThan(4 * small.width * 4 * (side / 4) ** 2);
    const cost = (passes: typeof held) => passes.reduce((sum, pass) => sum + costOf(network, pass), 0);
    expect(cost(laid)).toBeLessThan(1.5 * cost(held));
  });

  test('passes that keep nothing make the same of it', async () => {
    const { levels, spilledBytes } = await compared(small, [60, 84], { keep: false, tileBytes: 600_000 });
    expect(spilledBytes).toBe(0);
    expect(levels).toBeLessThan(0.05);
  });

  test('with the statistics of the image itself for a thumbnail, one pass makes the same of it', async () => {
    const size: PlaneSize = [60, 84];
    const data = plane(size);
    const thumbnail: TiledImage = { size, read: async region => cutOut(data, size, region) };
    const { levels, passes } = await compared(small, size, { thumbnail, tileBytes: 600_000 });
    expect(passes).toBe(1);
    expect(levels).toBeLessThan(0.05);
  });

  test('it says how far it is, and when it is cancelled it stops at the next tile and leaves nothing', async () => {
    const folder = await temporaryFolder();
    const told: number[] = [];
    const cancel = new AbortController();
    const onProgress = (fraction: number) => {
      told.push(fraction);
      if (fraction > 0.4) cancel.abort();
    };
    const run = compared(small, [60, 84], { folder, onProgress, signal: cancel.signal });
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBeLessThan(0.7);
    expect(await readdir(folder)).toEqual([]);
  });

  test('a folder that takes no more is named with what helps, and nothing stays', async () => {
    const folder = join(await temporaryFolder(), 'gone');
    const error = await compared(small, [60, 84], { folder }).catch(caught => caught);
    expect(error).toMatchObject({ code: 'WRITE_FAILED', subject: { file: folder } });
    expect(error.message).toContain('--tiling thumbnail');
  });
});

describe('kept-value', () => {
  test('a disk that is full is said, with the folder', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const closed: string[] = [];
    const file = {
      write: () => Promise.reject(full),
      read: () => Promise.reject(full),
      close: async () => void closed.push('closed'),
    } as unknown as SpillFile;
    const budget = { leftBytes: 0 };
    const value = new KeptValue({ channels: 1, budget, folder: '/var/tmp', openFile: async () => file });
    const write = value.write(
      [
        [0, 1],
        [0, 2],
      ],
      new Float32Array(2),
    );
    await expect(write).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringContaining('disk is full'),
    });
    await value.dispose();
    expect(closed).toEqual(['closed']);
  });
});

describe('channel-moments', () => {
  test('moments of parts are those of the whole, even far from zero', () => {
    const random = new Random(3);
    const data = Float32Array.from({ length: 3000 }, () => 4096 + random.normal());
    const sum = new MomentSum(1);
    for (const [from, to] of [
      [0, 7],
      [7, 1900],
      [1900, 3000],
    ] as const)
      sum.add(data.subarray(from, to), to - from);
    const mean = data.reduce((total, value) => total + value, 0) / 3000;
    const variance = data.reduce((total, value) => total + (value - mean) ** 2, 0) / 3000;
    expect(sum.moments.count).toBe(3000);
    expect(sum.moments.means[0]).toBeCloseTo(mean, 9);
    expect(sum.moments.variances[0]).toBeCloseTo(variance, 9);
  });
});
