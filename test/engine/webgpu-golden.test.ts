/** Parity with the reference implementation on WebGPU: forward passes and one whole CycleGAN training case. */
import { afterAll, beforeAll } from 'vitest';
import type { Engine } from '../../src/engine/index.js';
import { openOnnxEngine } from '../../src/engine/onnx/index.js';
import { describeForward } from '../golden/forward-cases.js';
import { trainingCases } from '../golden/golden-index.js';
import { describeTraining } from '../golden/training-cases.js';
import { describeWebGpu } from './webgpu-adapter.js';

await describeWebGpu('WebGPU', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openOnnxEngine({ provider: 'webgpu' });
  });
  afterAll(() => engine.dispose());

  describeForward(() => engine);
  describeTraining(
    () => engine,
    golden => golden === trainingCases[0],
  );
});
