export { graphModelToOnnx } from './graph-model.js';
export { layersModelToOnnx, type TensorFlowModel } from './layers-model.js';
export { readTensorFlowFiles, type TensorFlowFiles } from './manifest.js';
