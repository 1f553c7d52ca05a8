import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../src/engine/index.js';
import type { PictureOf } from '../../src/image/index.js';
import { openTranslator } from '../../src/translate/index.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

/** A device that has float16, as far as anybody asks, and tells in what it is loaded. */
async function translatorOn(precision: 'auto' | 'float16', loaded: string[]) {
  const model = await writeTinyOnnx(join(await temporaryFolder(), 'negate.onnx'), { kind: 'negate' });
  const translator = await openTranslator({
    model,
    precision,
    memoryLimitBytes: 4 * 6 * 16 * 96 * 96,
    openEngine: async () => {
      const engine = await openEngine('cpu', { threads: 1 });
      const device = { ...engine.device, kind: 'gpu' as const };
      return new Proxy(engine, {
        get(target, name) {
          if (name === 'device') return device;
          if (name === 'load')
            return (file: Parameters<typeof engine.load>[0], options: { precision: string }) => {
              loaded.push(options.precision);
              return target.load(file, { precision: 'float32' });
            };
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  });
  onTestFinished(() => translator.dispose());
  return translator;
}

function deep(): PictureOf<Uint16Array> {
  const { width, height, format, rgb } = testPicture(40, 24);
  return { width, height, format, rgb: Uint16Array.from(rgb, value => value * 257) };
}

test('model-runner: 16 bits go in float32 where nobody asks for another precision, and the result says so', async () => {
  const loaded: string[] = [];
  const translator = await translatorOn('auto', loaded);
  expect(await translator.translatePicture(testPicture(40, 24))).toMatchObject({ precision: 'float16', notes: [] });
  const sixteen = await translator.translatePicture(deep());
  expect(sixteen).toMatchObject({
    precision: 'float32',
    notes: ['was translated in float32 rather than float16, since it has 16 bits a channel'],
  });
  await translator.translatePicture(deep());
  expect(loaded).toEqual(['float16', 'float32']);
});

test('model-runner: a precision that is asked for counts for 16 bits, too', async () => {
  const loaded: string[] = [];
  const translator = await translatorOn('float16', loaded);
  expect(await translator.translatePicture(deep())).toMatchObject({ precision: 'float16', notes: [] });
  expect(loaded).toEqual(['float16']);
});

test('model-runner: parts go in float32, and the result says so', async () => {
  const translator = await translatorOn('float16', []);
  expect(await translator.translatePicture(testPicture(400, 200))).toMatchObject({
    tiling: 'exact',
    precision: 'float32',
    notes: ['was translated in parts, which go in float32, and not in float16'],
  });
});
