export { generatorToGraph } from './generator-to-graph.js';
export { graphModelToOnnx } from './graph-model.js';
export { layersModelToOnnx, type TensorFlowModel } from './layers-model.js';
export { readTensorFlowFiles, type TensorFlowFiles, tensorFlowFileNames } from './manifest.js';
