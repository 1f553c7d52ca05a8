export { exposeConvolutions, type WatchedConvolution, type WatchedModel } from './expose-values.js';
export { quantiseModel } from './quantise-model.js';
export type { ChannelRanges, ConvolutionRanges, ModelRanges } from './ranges.js';
