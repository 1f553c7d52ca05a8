export * from './contract.js';
export { type EngineOptions, openEngine } from './open-engine.js';
export {
  evaluate,
  type Float64Tensor,
  type Float64Tensors,
  operationNames,
  referenceEngine,
} from './reference/index.js';
