export { exposeConvolutions, type WatchedConvolution, type WatchedModel } from './expose-values.js';
export type { KernelBits } from './kernel.js';
export { type QuantiseOptions, quantiseModel } from './quantise-model.js';
export type { ChannelRanges, ConvolutionRanges, ModelRanges } from './ranges.js';
