/** Pictures of bytes on WebGPU, which go there and come back as they are, four bytes in a number. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openOnnxEngine } from '../../src/engine/onnx/index.js';
import type { AnyPicture } from '../../src/image/index.js';
import { openTranslator, type Translator } from '../../src/translate/index.js';
import { describeWebGpu } from '../engine/webgpu-adapter.js';
import { type NodeSpec, onnxFile } from '../support/onnx-file.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';

const identity: readonly NodeSpec[] = [['Add', ['image', 'nothing'], ['translated']]];

function network(
  nodes: readonly NodeSpec[] = identity,
  { nothing = 0, scale = 1, batch = 'n' as number | string } = {},
) {
  return onnxFile({
    metadata: { 'cyclebox.architecture': '{"kind":"resnet","width":4}', 'cyclebox.scale': String(scale) },
    nodes,
    constants: { nothing: { shape: [], values: [nothing] } },
    inputs: { image: [batch, 3, 'h', 'w'] },
    outputs: ['translated'],
  });
}

async function translatorOf(bytes: Uint8Array): Promise<Translator> {
  const model = join(await temporaryFolder(), 'model.onnx');
  await writeFile(model, bytes);
  const translator = await openTranslator({ model, engine: 'webgpu', precision: 'float32' });
  onTestFinished(() => translator.dispose());
  return translator;
}

await describeWebGpu('a picture of bytes on WebGPU', () => {
  it.each([
    ['of a size that the network takes', 64, 36],
    ['that is continued to the right and below', 45, 21],
    ['that is as high as wide', 20, 20],
  ])('%s comes back as it was from a network that changes nothing', async (_, width, height) => {
    const picture = testPicture(width, height);
    const { picture: result, device } = await (await translatorOf(network())).translatePicture(picture);
    expect(device).toBe('webgpu');
    expect(result.rgb).toEqual(picture.rgb);
  });

  it('whose bytes begin in the middle of a number does, too, and nothing of it is changed', async () => {
    const { rgb, ...rest } = testPicture(24, 16);
    const moved = new Uint8Array(rgb.length + 3).subarray(3);
    moved.set(rgb);
    const { picture } = await (await translatorOf(network())).translatePicture({ ...rest, rgb: moved });
    expect(picture.rgb).toEqual(rgb);
    expect(moved).toEqual(rgb);
  });

  it('is what its values are in floats', async () => {
    const nodes: NodeSpec[] = [['Tanh', ['image'], ['translated']]];
    const translator = await translatorOf(network(nodes));
    const bytes = testPicture(40, 32);
    const deep: AnyPicture = { ...bytes, rgb: Uint16Array.from(bytes.rgb, value => value * 257) };
    const fromBytes = await translator.translatePicture(bytes);
    const fromFloats = await translator.translatePicture(deep);
    const far = Array.from(fromFloats.picture.rgb, (value, i) => Math.abs(value / 257 - fromBytes.picture.rgb[i]!));
    expect(Math.max(...far)).toBeLessThan(0.501);
  });

  it('is enlarged', async () => {
    const nodes: NodeSpec[] = [
      ['Concat', ['image', 'image', 'image', 'image'], ['four'], { axis: 1 }],
      ['DepthToSpace', ['four'], ['translated'], { blocksize: 2 }],
    ];
    const picture = testPicture(28, 20);
    const { picture: result } = await (await translatorOf(network(nodes, { scale: 2 }))).translatePicture(picture);
    expect([result.width, result.height]).toEqual([56, 40]);
    const pixel = (x: number, y: number) => (y * 28 + x) * 3;
    const doubled = Array.from({ length: 56 * 40 * 3 }, (_, i) => {
      const [at, colour] = [Math.floor(i / 3), i % 3];
      return picture.rgb[pixel((at % 56) >> 1, Math.floor(at / 56) >> 1) + colour]!;
    });
    expect(Array.from(result.rgb)).toEqual(doubled);
  });

  it('that becomes no numbers is an error', async () => {
    const translator = await translatorOf(network(identity, { nothing: Number.NaN }));
    await expect(translator.translatePicture(testPicture(16, 16))).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });

  it.each([
    ['whose bytes fill numbers', 4],
    ['whose bytes do not', 1],
  ])('that becomes one of another size, %s, is an error that says which', async (_, less) => {
    const cut = onnxFile({
      metadata: { 'cyclebox.architecture': '{"kind":"resnet","width":4}' },
      nodes: [['Pad', ['image', 'pads'], ['translated']]],
      constants: { pads: { shape: [8], values: [0, 0, 0, 0, 0, 0, -less, -1], as: 'int64' } },
      inputs: { image: ['n', 3, 'h', 'w'] },
      outputs: ['translated'],
    });
    const translator = await translatorOf(cut);
    const message = `made 1 × 3 × ${16 - less} × 15 of 1 × 3 × 16 × 16`;
    await expect(translator.translatePicture(testPicture(16, 16))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('goes in floats to a network that takes two at a time', async () => {
    const picture = testPicture(16, 12);
    const { picture: result } = await (await translatorOf(network(identity, { batch: 2 }))).translatePicture(picture);
    expect(result.rgb).toEqual(picture.rgb);
  });

  it('can be given again after caches were freed', async () => {
    const engine = await openOnnxEngine({ provider: 'webgpu' });
    onTestFinished(() => engine.dispose());
    const program = await engine.load({ bytes: network() });
    const { width, height, rgb } = testPicture(16, 8);
    for (let time = 0; time < 2; time++) {
      expect(await program.runPixels!({ width, height, rgb })).toEqual({ width, height, rgb, hasNaN: false });
      await engine.releaseCaches();
    }
    await program.dispose();
  });

  it('cannot be given to a device that was closed', async () => {
    const engine = await openOnnxEngine({ provider: 'webgpu' });
    const program = await engine.load({ bytes: network() });
    await engine.dispose();
    const { width, height, rgb } = testPicture(16, 8);
    await expect(program.runPixels!({ width, height, rgb })).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });
});
