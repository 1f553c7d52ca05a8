export * from './clock.js';
export * from './disposable.js';
export * from './errors.js';
export * from './events.js';
export * from './files.js';
export * from './ids.js';
export * from './random.js';
