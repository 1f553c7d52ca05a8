import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { locateModel, openImageModel } from '../../src/catalog/index.js';
import { openEngine } from '../../src/engine/index.js';
import { openTranslator } from '../../src/translate/index.js';
import { externalTensor, floatBytes, foreignModel, message, node, scaling, tensor } from '../support/foreign-onnx.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';

const cwd = process.cwd();
let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => process.chdir(cwd));

/** A network that multiplies by what lies in `model.onnx.data`, as current PyTorch writes it. */
function convolution(entries: Readonly<Record<string, string | number>>): Buffer {
  return foreignModel({
    nodes: [node('Conv', ['image', 'w'], ['translated'])],
    weights: [externalTensor('w', [3, 3, 1, 1], entries)],
  });
}

const beside = { location: 'model.onnx.data', offset: 0, length: 36 };

async function writeModel(entries: Readonly<Record<string, string | number>> = beside, factor = -1): Promise<string> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, convolution(entries));
  await writeFile(join(folder, 'model.onnx.data'), floatBytes(scaling(factor)));
  return path;
}

/** What becomes of the first byte of the test picture. */
async function firstByte(path: string): Promise<readonly [before: number, after: number]> {
  const translator = await openTranslator({ model: path, engine: 'cpu', threads: 1 });
  try {
    const picture = testPicture(8, 8);
    const translated = await translator.translatePicture(picture);
    return [picture.rgb[0]!, translated.picture.rgb[0]!];
  } finally {
    await translator.dispose();
  }
}

describe('weights beside a model', () => {
  test('are those of its own folder, whatever lies under that name in the working directory', async () => {
    const path = await writeModel();
    const elsewhere = await temporaryFolder();
    await writeFile(join(elsewhere, 'model.onnx.data'), floatBytes(scaling(0)));
    process.chdir(elsewhere);
    const [before, after] = await firstByte(path);
    expect(after).toBe(255 - before);
  });

  test('are never those of the working directory, also where they are missing beside the model', async () => {
    const path = await writeModel();
    const elsewhere = await temporaryFolder();
    await rename(join(folder, 'model.onnx.data'), join(elsewhere, 'model.onnx.data'));
    process.chdir(elsewhere);
    await expect(firstByte(path)).rejects.toMatchObject({
      code: 'MODEL_MISSING',
      message: expect.stringMatching(/^model\.onnx\.data, where .*model\.onnx keeps weights, is not there/),
    });
    const engine = await openEngine('cpu', { threads: 1 });
    await expect(engine.load({ path })).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    await expect(engine.load({ bytes: await readFile(path) })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await engine.dispose();
  });

  test('may begin anywhere in their file, and end with it', async () => {
    const path = await writeModel({ location: 'model.onnx.data', offset: 4 });
    await writeFile(join(folder, 'model.onnx.data'), Buffer.concat([floatBytes([7]), floatBytes(scaling(-1))]));
    const [before, after] = await firstByte(path);
    expect(after).toBe(255 - before);
  });

  test('belong to the sum of the model, which a shell can form', async () => {
    const path = await writeModel();
    const { sha256, sizeBytes } = await locateModel({ path: 'model.onnx' }, { storeFolder: folder });
    const sum = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
    const [model, data] = [await readFile(path), await readFile(join(folder, 'model.onnx.data'))];
    // (sha256sum < model.onnx; sha256sum model.onnx.data) | sha256sum
    expect(sha256).toBe(sum(`${sum(model)}  -\n${sum(data)}  model.onnx.data\n`));
    expect(sizeBytes).toBe(model.length + 36);
    await writeFile(join(folder, 'model.onnx.data'), floatBytes(scaling(0.5)));
    await expect(openImageModel(path, sha256)).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
    await expect(locateModel({ path: 'model.onnx', sha256 }, { storeFolder: folder })).rejects.toMatchObject({
      code: 'MODEL_HASH_MISMATCH',
    });
  });

  test.each([
    ['../model.onnx.data', 'leads out of its folder'],
    ['/etc/passwd', 'leads out of its folder'],
    ['weights\\x', 'leads out of its folder'],
    ['', 'leads out of its folder'],
  ])('are not looked for at "%s"', async (location, why) => {
    await mkdir(join(folder, 'inner'));
    await writeFile(join(folder, 'model.onnx.data'), floatBytes(scaling(-1)));
    const path = join(folder, 'inner/model.onnx');
    await writeFile(path, convolution({ ...beside, location }));
    await expect(openImageModel(path)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(why),
    });
  });

  test.skipIf(process.platform === 'win32')('are not reached by a link that leads out of the folder', async () => {
    const path = await writeModel();
    const secret = join(await temporaryFolder(), 'secret');
    await rename(join(folder, 'model.onnx.data'), secret);
    await symlink(secret, join(folder, 'model.onnx.data'));
    await expect(openImageModel(path)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  test.each([
    { offset: 4, length: 36 },
    { offset: 0, length: 1e15 },
    { offset: -4, length: 36 },
    { offset: 'x', length: 36 },
    { offset: 1e300, length: 36 },
  ])('have to lie inside their file: %j', async place => {
    const path = await writeModel({ location: 'model.onnx.data', ...place });
    await expect(openImageModel(path)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('that file has 36 bytes'),
    });
  });

  test('are found wherever a file can hold a tensor', async () => {
    const constant = message([1, 'value'], [5, externalTensor('', [3, 3, 1, 1], beside)], [20, 4]);
    const held = message([2, 'w'], [4, 'Constant'], [5, constant]);
    const path = join(folder, 'model.onnx');
    await writeFile(path, foreignModel({ nodes: [held, node('Conv', ['image', 'w'], ['translated'])] }));
    await writeFile(join(folder, 'model.onnx.data'), floatBytes(scaling(-1)));
    const [before, after] = await firstByte(path);
    expect(after).toBe(255 - before);
  });

  test('a tensor that lies in another file without saying in which is refused', async () => {
    const split = message([5, tensor('w', [3, 3, 1, 1], scaling(1))], [5, message([14, 1])], [1, 'value'], [20, 4]);
    const held = message([2, 'w'], [4, 'Constant'], [5, split]);
    const path = join(folder, 'model.onnx');
    await writeFile(path, foreignModel({ nodes: [held, node('Conv', ['image', 'w'], ['translated'])] }));
    await expect(openImageModel(path)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
