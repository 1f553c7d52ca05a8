/**
 * Model files on WebGPU, spelt as they are for every runtime: the committed generators against the CPU, and a UNet
 * whose innermost images are as small as its kernels, which is where WebGPU's kernels for channels last go wrong.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine, ModelSource, TensorData } from '../../src/engine/index.js';
import { openOnnxEngine } from '../../src/engine/onnx/index.js';
import { GraphBuilder } from '../../src/graph/index.js';
import { buildNetwork, loadWeights, readSafetensorsFile, type WeightTensor } from '../../src/nets/index.js';
import { encodeOnnx } from '../../src/onnx/index.js';
import { goldenFile, largestDifference } from '../golden/golden-index.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
import { quantised, step } from '../support/quantised-file.js';
import { describeWebGpu } from './webgpu-adapter.js';

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

await describeWebGpu('a model file on WebGPU', () => {
  let webgpu: Engine;
  let cpu: Engine;
  beforeAll(async () => {
    webgpu = await openOnnxEngine({ provider: 'webgpu', diagnostics: { deviceOnly: true } });
    cpu = await openOnnxEngine();
  });
  afterAll(() => Promise.all([webgpu.dispose(), cpu.dispose()]));

  it('of this package gives what the CPU gives, at one size and another', async () => {
    const path = inRepository('models/satellite-map/to-map.onnx');
    for (const [height, width] of [
      [32, 32],
      [36, 28],
    ] as const) {
      const shape = [1, 3, height, width];
      const image = { shape, data: randomValues(seededRandom(height), shape) };
      const [ours, exact] = [await translated(webgpu, { path }, image), await translated(cpu, { path }, image)];
      expect(ours.shape).toEqual(exact.shape);
      expect(largestDifference(ours.data, exact.data)).toBeLessThan(1e-4);
    }
  });

  it('of a UNet gives what the reference recorded', async () => {
    const { tensors: recorded } = await readSafetensorsFile(goldenFile('unet128_ngf4_128.io.safetensors'));
    const { x, y } = recorded as { x: WeightTensor; y: WeightTensor };
    const { spec, tensors } = await loadWeights(goldenFile('unet128_ngf4_128.pth'));
    const graph = new GraphBuilder();
    const image = graph.input('image', x.shape);
    graph.output(
      'translated',
      buildNetwork(spec, image, (key, shape) => graph.constant(tensors[key]!.data, shape)),
    );
    const bytes = encodeOnnx(graph.build());
    expect(largestDifference((await translated(webgpu, { bytes }, x)).data, y.data)).toBeLessThan(1e-4);
  });

  it('quantised to eight bits gives what the CPU gives, which may run a part of it', async () => {
    const shape = [1, 3, 16, 20];
    const image = { shape, data: randomValues(seededRandom(5), shape) };
    const either = await openOnnxEngine({ provider: 'webgpu' });
    try {
      const ours = await translated(either, { bytes: quantised }, image);
      const exact = await translated(cpu, { bytes: quantised }, image);
      // Values at the middle of two bytes may fall to either.
      expect(largestDifference(ours.data, exact.data)).toBeLessThan(1.01 * step);
    } finally {
      await either.dispose();
    }
  });
});

async function translated(engine: Engine, model: ModelSource, image: TensorData): Promise<TensorData> {
  const program = await engine.load(model);
  try {
    return (await program.run({ image }))['translated']!;
  } finally {
    await program.dispose();
  }
}
