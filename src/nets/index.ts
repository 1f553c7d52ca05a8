export { buildNetwork } from './build.js';
export { describeNetwork } from './describe-network.js';
export { checkWeights, detectNetwork } from './detect.js';
export { buildFeatures, type FeatureLayer, featureLayersOf, samplePositions } from './features.js';
export { generatorGraph } from './generator-graph.js';
export type { ShapedTensors } from './guess-network.js';
export { type Initialisation, initialisations, initialise } from './initialise.js';
export { type ConvolutionLayer, type Layer, type LayerTable, layersOf } from './layers.js';
export type { BuildOptions, WeightSource } from './normalise.js';
export { type Parameter, parametersOf } from './parameters.js';
export { buildProjection } from './projection.js';
export { readPyTorch, writePyTorch } from './pytorch/index.js';
export { readWeightFile } from './read-weight-file.js';
export { parseArchitecture } from './recorded-architecture.js';
export {
  readSafetensors,
  readSafetensorsFile,
  type SafetensorsFile,
  type SafetensorsReadOptions,
  writeSafetensors,
  writeSafetensorsFile,
} from './safetensors.js';
export * from './spec.js';
export { cleanStateDict } from './state-dict.js';
export * from './weight-file.js';
export * from './weight-tensor.js';
