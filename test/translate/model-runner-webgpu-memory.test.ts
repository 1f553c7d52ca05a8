/** A device that really runs out of memory: WebGPU refuses a buffer of more than its adapter can make. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openTranslator } from '../../src/translate/index.js';
import { describeWebGpu } from '../engine/webgpu-adapter.js';
import { onnxFile } from '../support/onnx-file.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';

/** Negates, by way of `copies` times `copies` copies of the picture: much memory, little to compute. */
function wideNetwork(copies: number): Uint8Array {
  const long = (value: number) => ({ shape: [1], values: [value], as: 'int64' }) as const;
  return onnxFile({
    metadata: { 'cyclebox.architecture': '{"kind":"resnet","width":16}' },
    nodes: [
      ['Neg', ['image'], ['negative']],
      ['Concat', new Array<string>(copies).fill('negative'), ['wide'], { axis: 1 }],
      ['Concat', new Array<string>(copies).fill('wide'), ['wider'], { axis: 1 }],
      ['Slice', ['wider', 'from', 'to', 'axes'], ['translated']],
    ],
    constants: { from: long(3), to: long(6), axes: long(1) },
    inputs: { image: ['n', 3, 'h', 'w'] },
    outputs: ['translated'],
  });
}

await describeWebGpu('running out of memory on WebGPU', () => {
  it('is answered with smaller pieces, and the device goes on', async context => {
    const model = join(await temporaryFolder(), 'wide.onnx');
    await writeFile(model, wideNetwork(7));
    const kinds: string[] = [];
    const controller = new AbortController();
    const translator = await openTranslator({
      model,
      engine: 'webgpu',
      precision: 'float32',
      memoryLimitBytes: 1e12,
      onMemoryStep({ kind }) {
        kinds.push(kind);
        // All the pieces of so large a picture take software minutes.
        if (kind === 'tiles') controller.abort();
      },
    });
    onTestFinished(() => translator.dispose());
    // Software Vulkan makes no buffer above 1 GiB; a real device might.
    if (!translator.device.name.includes('SwiftShader')) context.skip('only of SwiftShader the limit is known');
    const large = translator.translatePicture(testPicture(1400, 1400), { signal: controller.signal });
    await expect(large).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(kinds).toEqual(['caches', 'tiles']);
    const picture = testPicture(40, 30);
    const { picture: result, device } = await translator.translatePicture(picture);
    expect(device).toBe('webgpu');
    expect(result.rgb).toEqual(picture.rgb.map(value => 255 - value));
  });
});
