/**
 * The whole conformance suite on ONNX Runtime's WebGPU provider, variables on the device. Graphs of which the CPU
 * would have to run a part are refused: every operation has a kernel there.
 */
import { openOnnxEngine } from '../../src/engine/onnx/index.js';
import { describeConformance } from './conformance.js';
import { describeWebGpu } from './webgpu-adapter.js';

await describeWebGpu('WebGPU', () => {
  describeConformance(
    'ONNX Runtime on WebGPU',
    () => openOnnxEngine({ provider: 'webgpu', diagnostics: { deviceOnly: true } }),
    'wgsl',
  );
});
