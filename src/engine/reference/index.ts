export * from './engine.js';
export * from './evaluate.js';
export type { Feeds, Float64Tensor, Float64Tensors } from './kernel.js';
export { operationNames } from './kernels.js';
