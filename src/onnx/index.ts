export { toHalfPrecision } from './half-precision.js';
export { encodeIdentity } from './identity.js';
export { encodeOnnx, type LoweringOptions, variableInput, variableUpdate } from './lowering.js';
export { decodeOnnx, type OnnxConvolution, type OnnxModelFile, type OnnxValue } from './model-file.js';
export { checkRaisable, type OnnxNetwork, raiseOnnx, readNetwork } from './raising/index.js';
export type { LoweringTarget } from './site.js';
