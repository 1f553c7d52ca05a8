export * from './contract.js';
export { evaluate, referenceEngine } from './reference/index.js';
