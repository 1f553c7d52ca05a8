export * from './builder.js';
export { type DepthToSpace, depthToSpaceAt } from './depth-to-space.js';
export * from './dimension.js';
export * from './functions.js';
export * from './gradients.js';
export * from './graph.js';
export * from './operations.js';
export * from './passes.js';
export * from './tensor.js';
