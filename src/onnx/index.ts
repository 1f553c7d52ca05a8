export { encodeIdentity } from './identity.js';
export { encodeOnnx, type LoweringOptions, variableInput, variableUpdate } from './lowering.js';
export { decodeOnnx, type OnnxModelFile, type OnnxValue } from './model-file.js';
