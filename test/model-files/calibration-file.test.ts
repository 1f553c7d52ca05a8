/** Calibrations beside models: what is written comes back, another model's is none, and a broken one is told. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot, sha256File } from '../../src/base/index.js';
import { type Calibration, calibrationPathOf, readCalibration, writeCalibration } from '../../src/model-files/index.js';
import { temporaryFolder } from '../support/pictures.js';

const calibration: Calibration = {
  ...{ model: 'ab'.repeat(32), psnr: 38.2, lowest: 36, images: 12, calibratedOn: 16, timeRatio: 0.5 },
  convolutions: { v2: { into: { least: [0, -1.25], most: [1, 2] }, outOf: { least: [-0.001234], most: [12345] } } },
};

describe('calibration-file', () => {
  it('keeps three digits of each range, beside the model', async () => {
    const model = join(await temporaryFolder(), 'to-zebra.onnx');
    expect(await writeCalibration(model, calibration)).toBe(calibrationPathOf(model));
    expect(calibrationPathOf(model)).toMatch(/to-zebra\.int8\.json$/);
    const outOf = { least: [-0.00123], most: [12300] };
    expect(await readCalibration(model, calibration.model)).toEqual({
      ...calibration,
      convolutions: { v2: { ...calibration.convolutions['v2'], outOf } },
    });
  });

  it('is none where there is no file, or where it is of another model', async () => {
    const model = join(await temporaryFolder(), 'to-zebra.onnx');
    expect(await readCalibration(model, calibration.model)).toBeUndefined();
    await writeCalibration(model, calibration);
    expect(await readCalibration(model, 'cd'.repeat(32))).toBeUndefined();
  });

  it.each(['{', '{}', JSON.stringify({ ...calibration, psnr: 'high' })])(
    'is told where it is broken: %s',
    async text => {
      const model = join(await temporaryFolder(), 'to-zebra.onnx');
      await writeFile(calibrationPathOf(model), text);
      await expect(readCalibration(model, calibration.model)).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringMatching(/to-zebra\.int8\.json is no calibration.*Make it anew/s),
      });
    },
  );
});

describe('the calibrations that come with cyclebox', () => {
  it('belong to the models beside them, and say what the manifests say', async () => {
    const folder = join(packageRoot, 'models');
    const files = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.int8.json'));
    for (const file of files) {
      const model = join(folder, file.replace('.int8.json', '.onnx'));
      const found = await readCalibration(model, await sha256File(model));
      const [pair, to] = file.split(/[/\\]/).map(part => part.replace(/^to-|\.int8\.json$/g, '')) as [string, string];
      const manifest = JSON.parse(await readFile(join(packageRoot, 'plugins', pair, 'package.json'), 'utf8'));
      const recorded = manifest.contributes.domainPairs[0].models[to].precisions?.int8;
      const { psnr, lowest, images } = found!;
      expect(recorded, file).toEqual({ psnr, lowest, images });
    }
    const recordedIn = await Promise.all(
      ['horse-zebra', 'photo-monet', 'satellite-map', 'winter-summer'].map(pair =>
        readFile(join(packageRoot, 'plugins', pair, 'package.json'), 'utf8'),
      ),
    );
    expect(recordedIn.join('').split('"int8"').length - 1).toBe(files.length);
  });
});
