/** A device that really runs out of memory: WebGPU refuses a buffer of more than its adapter can make. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { expect, it, onTestFinished } from 'vitest';
import { openTranslator } from '../../src/translate/index.js';
import { describeWebGpu } from '../engine/webgpu-adapter.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';

const { onnx } = onnxProto;

/** Negates, by way of `copies` copies of the picture: much memory, little to compute. */
function wideNetwork(copies: number): Uint8Array {
  const longs = (name: string, values: number[]) =>
    onnx.TensorProto.create({
      name,
      dims: [values.length],
      dataType: onnx.TensorProto.DataType.INT64,
      int64Data: values,
    });
  const node = (opType: string, input: string[], output: string[], axis?: number) =>
    onnx.NodeProto.create({
      opType,
      input,
      output,
      name: output[0]!,
      attribute:
        axis === undefined
          ? []
          : [onnx.AttributeProto.create({ name: 'axis', type: onnx.AttributeProto.AttributeType.INT, i: axis })],
    });
  const dim = [{ dimParam: 'n' }, { dimValue: 3 }, { dimParam: 'h' }, { dimParam: 'w' }];
  const value = (name: string) => ({ name, type: { tensorType: { elemType: 1, shape: { dim } } } });
  const model = onnx.ModelProto.create({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: [{ key: 'cyclebox.architecture', value: '{"kind":"resnet","width":16}' }],
    graph: {
      name: 'wide',
      node: [
        node('Neg', ['image'], ['negative']),
        node('Concat', new Array<string>(copies).fill('negative'), ['wide'], 1),
        node('Slice', ['wide', 'from', 'to', 'axes'], ['translated']),
      ],
      initializer: [longs('from', [3]), longs('to', [6]), longs('axes', [1])],
      input: [value('image')],
      output: [value('translated')],
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

await describeWebGpu('running out of memory on WebGPU', () => {
  it('is answered with smaller pieces, and the device goes on', async context => {
    const model = join(await temporaryFolder(), 'wide.onnx');
    await writeFile(model, wideNetwork(8));
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
    const large = translator.translatePicture(testPicture(3400, 3400), { signal: controller.signal });
    await expect(large).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(kinds).toEqual(['caches', 'tiles']);
    const picture = testPicture(40, 30);
    const { picture: result, device } = await translator.translatePicture(picture);
    expect(device).toBe('webgpu');
    expect(result.rgb).toEqual(picture.rgb.map(value => 255 - value));
  });
});
