export * from './build.js';
export { checkWeights, detectNetwork, type ShapedTensors } from './detect.js';
export { initialise, type Parameter, parametersOf } from './parameters.js';
export { readPyTorch } from './pytorch/read-pytorch.js';
export {
  readSafetensors,
  readSafetensorsFile,
  type SafetensorsFile,
  type SafetensorsReadOptions,
  writeSafetensors,
  writeSafetensorsFile,
} from './safetensors.js';
export * from './spec.js';
export { cleanStateDict } from './state-dict.js';
export * from './weight-file.js';
export * from './weight-tensor.js';
