export { lowerConv2d } from './forward.js';
export { lowerConv2dInputGrad } from './input-gradient.js';
export { lowerConv2dWeightGrad, lowerWeightGradSum } from './weight-gradient.js';
export { minChannelsOfFixed } from './winograd-blocks.js';
export { winogradReflectPadGrad } from './winograd-lowering.js';
