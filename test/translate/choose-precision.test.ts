/** Which precision is taken where nobody says: int8 on the CPU, where all that speaks for it is there, and not otherwise. */
import { describe, expect, it } from 'vitest';
import type { ImageModel } from '../../src/catalog/index.js';
import { measureInt8, openEngine } from '../../src/engine/index.js';
import type { Calibration } from '../../src/model-files/index.js';
import { leastInt8Psnr, precisionsFor, takesInt8 } from '../../src/translate/choose-precision.js';

const calibration: Calibration = {
  ...{ model: 'ab'.repeat(32), psnr: 38.2, lowest: 36, images: 12, calibratedOn: 16, timeRatio: 0.5 },
  convolutions: {},
};
const worth = { speedup: 3, error: 0.003 };

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
  ] as const)('takes float32 %s', (_name, recorded, measured) => {
    expect(takesInt8(recorded, measured)).toBe(false);
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
