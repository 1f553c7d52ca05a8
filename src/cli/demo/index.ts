/** A tour through the pairs that have models. */
export { type DemoOptions, runDemo } from './demo.js';
