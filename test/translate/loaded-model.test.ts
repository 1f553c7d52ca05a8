import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { calibrationPathOf } from '../../src/model-files/index.js';
import { type MemoryStep, openTranslator } from '../../src/translate/index.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const foreign = {
  ...{ model: 'ab'.repeat(32), psnr: 40, lowest: 38, images: 8, calibratedOn: 8, timeRatio: 0.5 },
  convolutions: {},
};

async function modelWith(calibration: string): Promise<string> {
  const model = await writeTinyOnnx(join(await temporaryFolder(), 'to-b.onnx'), { kind: 'negate' });
  await writeFile(calibrationPathOf(model), calibration);
  return model;
}

describe.each([
  ['broken', '{ "model": ', /to-b\.int8\.json is no calibration for int8/],
  ['of another model', JSON.stringify(foreign), /it is of a file with the SHA-256 abababababab…/],
])('loaded-model: a calibration that is %s', (_, text, why) => {
  test('stops nobody who does not ask for int8, and is told by its code', async () => {
    const told: MemoryStep[] = [];
    const model = await modelWith(text);
    const translator = await openTranslator({
      model,
      engine: 'cpu',
      threads: 1,
      onMemoryStep: step => told.push(step),
    });
    onTestFinished(() => translator.dispose());
    expect(await translator.translatePicture(testPicture(40, 24))).toMatchObject({ precision: 'float32' });
    expect(told.map(({ kind }) => kind)).toEqual(['calibration']);
    expect(told[0]!.message).toMatch(/^to-b\.onnx runs in float32, .*: MODEL_INVALID: /);
    expect(told[0]!.message).toMatch(why);
  });

  test('is an error for whoever does', async () => {
    const model = await modelWith(text);
    await expect(openTranslator({ model, engine: 'cpu', threads: 1, precision: 'int8' })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(why),
    });
  });

  test('says nothing where float32 is asked for', async () => {
    const told: MemoryStep[] = [];
    const options = { engine: 'cpu', threads: 1, precision: 'float32' } as const;
    const model = await modelWith(text);
    const translator = await openTranslator({ ...options, model, onMemoryStep: step => told.push(step) });
    onTestFinished(() => translator.dispose());
    expect(told).toEqual([]);
  });
});
