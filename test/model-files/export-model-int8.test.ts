/** A model that is exported to calculate in int8 does so in an ONNX Runtime that knows nothing of cyclebox. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import type { TensorData } from '../../src/engine/index.js';
import { decodeImage } from '../../src/image/index.js';
import { calibrationPathOf, exportModel, squareImage } from '../../src/model-files/index.js';
import { parseModel } from '../../src/onnx/model-file.js';
import { temporaryFolder } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const model = join(packageRoot, 'models/horse-zebra/to-zebra.onnx');
const horse = join(packageRoot, 'samples/horse-to-zebra/nokota-horses.jpg');

async function resultOf(bytes: Uint8Array, image: TensorData): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
  });
  try {
    const results = await session.run({
      [session.inputNames[0]!]: new ort.Tensor('float32', image.data, [...image.shape]),
    });
    return results[session.outputNames[0]!]!.data as Float32Array;
  } finally {
    await session.release();
  }
}

/** In dB of bytes. */
function psnr(one: Float32Array, other: Float32Array): number {
  const byte = (value: number) => Math.round(Math.min(1, Math.max(-1, value)) * 127.5 + 127.5);
  const squares = one.reduce((sum, value, at) => sum + (byte(value) - byte(other[at]!)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / one.length));
}

describe('export-model, to calculate in int8', () => {
  it('is within 35 dB of float32 in plain ONNX Runtime', async () => {
    const how = { format: 'onnx', storage: 'float32' } as const;
    const [exact, int8] = [await exportModel(model, how), await exportModel(model, { ...how, precision: 'int8' })];
    const [plain, quantised] = [exact.files[0]!.content, int8.files[0]!.content];
    const kinds = parseModel(quantised, 'the export').graph!.node.map(({ opType }) => opType);
    expect(kinds.filter(kind => kind === 'QLinearConv').length).toBeGreaterThan(8);
    expect(quantised.length).toBeLessThan(plain.length);
    const image = await squareImage(await decodeImage(horse), 256);
    const [one, other] = [await resultOf(plain, image), await resultOf(quantised, image)];
    expect(psnr(one, other)).toBeGreaterThan(35);
    expect(psnr(one, other)).toBeLessThan(90);
    expect(int8.notes[0]).toMatch(/^\d+ convolutions calculate in int8 .* dB to float32 over 32 images\.$/);
  });

  it('needs the calibration of this model', async () => {
    const path = await writeTinyOnnx(join(await temporaryFolder(), 'a.onnx'), { kind: 'negate' });
    const how = { format: 'onnx', storage: 'float32', precision: 'int8' } as const;
    await expect(exportModel(path, how)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    await copyFile(calibrationPathOf(model), calibrationPathOf(path));
    await expect(exportModel(path, how)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await writeFile(calibrationPathOf(path), '{');
    await expect(exportModel(path, how)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(exportModel(model, { ...how, format: 'pytorch' })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
