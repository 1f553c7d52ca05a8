export { checkImportable, importOnnx } from './import-onnx.js';
export { type OnnxNetwork, readNetwork } from './network.js';
