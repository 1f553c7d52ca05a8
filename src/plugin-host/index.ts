export * from './install/index.js';
export * from './points/index.js';
export * from './process/index.js';
export * from './registry/index.js';
export { scratchFile, withoutFiles } from './runtime/index.js';
