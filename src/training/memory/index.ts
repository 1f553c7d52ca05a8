export { availableMemory, requireMemory } from './memory-check.js';
export { estimateMemory, type MemoryEstimate } from './memory-estimate.js';
