/** Which precision is taken where nobody says: int8 on the CPU, where all that speaks for it is there, and not otherwise. */
import { describe, expect, it } from 'vitest';
import type { ImageModel } from '../../src/catalog/index.js';
import { measureInt8, openEngine } from '../../src/engine/index.js';
import type { Calibration } from '../../src/model-files/index.js';
import { leastInt8Psnr, precisionsFor, takesInt8, timeRatioHere } from '../../src/translate/choose-precision.js';

const calibration: Calibration = {
  ...{ model: 'ab'.repeat(32), psnr: 38.2, lowest: 36, images: 12, calibratedOn: 16, timeRatio: 0.5 },
  convolutions: {},
};
const worth = { speedup: 3, error: 0.003, kernelBits: 8 } as const;

describe('choose-precision', () => {
  it('takes int8 where it is near, recorded as faster, and faster here', () => {
    expect(takesInt8(calibration, worth)).toBe(true);
    expect(takesInt8({ ...calibration, psnr: leastInt8Psnr }, worth)).toBe(true);
  });

  it.each([
    ['without a calibration', undefined, worth],
    ['where results differ more', { ...calibration, psnr: leastInt8Psnr - 0.1 }, worth],
    ['where a single image differs much', { ...calibration, lowest: 29 }, worth],
    ['where it gains too little', { ...calibration, timeRatio: 0.9 }, worth],
    ['on a processor without sums of bytes', calibration, { ...worth, speedup: 1.1 }],
    ['on a processor that cuts them off', calibration, { ...worth, error: 0.2 }],
    ['where it could not be measured', calibration, undefined],
    [
      'where convolutions gain somewhat, and the model mostly does other things',
      { ...calibration, timeRatio: 0.78 },
      { ...worth, speedup: 1.4 },
    ],
  ] as const)('takes float32 %s', (_name, recorded, measured) => {
    expect(takesInt8(recorded, measured)).toBe(false);
  });

  it('takes it with kernels of 7 bits where they gain enough', () => {
    const without = { speedup: 1.5, error: 0.006, kernelBits: 7 } as const;
    expect(takesInt8(calibration, without)).toBe(true);
  });

  it('reckons with what convolutions gained where the model was calibrated, and with what they gain here', () => {
    const at = (speedup: number) => ({ ...worth, speedup });
    expect(timeRatioHere({ timeRatio: 0.8, speedup: 1.5 }, at(1.5))).toBeCloseTo(0.8);
    expect(timeRatioHere({ timeRatio: 0.8, speedup: 1.5 }, at(4))).toBeCloseTo(0.55);
    expect(timeRatioHere({ timeRatio: 0.55, speedup: 4 }, at(1.5))).toBeCloseTo(0.8);
    expect(timeRatioHere({ timeRatio: 0.55, speedup: 4 }, at(0.9))).toBeGreaterThan(1);
    // Of older calibrations nobody knows what they gained: no more of the model's time than it saved.
    expect(timeRatioHere({ timeRatio: 0.5 }, at(2))).toBeCloseTo(0.75);
    // Where int8 was slower, it is not taken to be of use anywhere; where nothing is known of its share, of no more than all.
    expect(timeRatioHere({ timeRatio: 1.1, speedup: 0.9 }, at(4))).toBeGreaterThan(1);
    expect(timeRatioHere({ timeRatio: 0.5, speedup: 1 }, at(4))).toBeCloseTo(0.25);
  });

  it('asks the processor only where the model is calibrated, and never for other devices', async () => {
    const engine = await openEngine('cpu', { threads: 1 });
    const model = { calibration: undefined } as ImageModel;
    expect(await precisionsFor(engine, model)).toEqual(['float32']);
    const gpu = { ...engine, id: 'webgpu', device: { ...engine.device, kind: 'gpu' } } as typeof engine;
    expect(await precisionsFor(gpu, { ...model, calibration })).toEqual(['float16', 'float32']);
    await engine.dispose();
  });

  it('finds sums of bytes to be right here, by whatever instructions', async () => {
    const engine = await openEngine('cpu', { threads: 1 });
    expect((await measureInt8(engine)).error).toBeLessThan(0.01);
    await engine.dispose();
  });
});
