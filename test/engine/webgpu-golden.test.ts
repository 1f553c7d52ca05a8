/** Parity with the reference implementation on WebGPU: forward passes and one whole CycleGAN training case. */
import { openOnnxEngine } from '../../src/engine/onnx/index.js';
import { describeGolden } from '../golden/describe-golden.js';
import { trainingCases } from '../golden/golden-index.js';
import { describeWebGpu } from './webgpu-adapter.js';

await describeWebGpu('WebGPU', () => {
  describeGolden(
    'WebGPU',
    () => openOnnxEngine({ provider: 'webgpu' }),
    golden => golden === trainingCases[0],
  );
});
