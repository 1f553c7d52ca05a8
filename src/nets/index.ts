export * from './build.js';
export { initialise, type Parameter, parametersOf } from './parameters.js';
export * from './spec.js';
