export * from './points/index.js';
export * from './registry/index.js';
