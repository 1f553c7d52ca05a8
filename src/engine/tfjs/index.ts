export { findTfjs, type TfjsBackend, type TfjsPackage, tfjsBackends } from './installation.js';
export { openTfjsEngine, type TfjsOptions } from './tfjs-engine.js';
