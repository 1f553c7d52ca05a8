export { toHalfPrecision } from './half-precision.js';
export { encodeIdentity } from './identity.js';
export { checkImportable, importOnnx, type OnnxNetwork, readNetwork } from './import/index.js';
export { encodeOnnx, type LoweringOptions, variableInput, variableUpdate } from './lowering.js';
export type { LoweringTarget } from './lowering-context.js';
export { decodeOnnx, type OnnxConvolution, type OnnxModelFile, type OnnxValue } from './model-file.js';
