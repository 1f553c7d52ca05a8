export { adaptInterface } from './adapt-interface.js';
export { OnnxEmitter, type ValueName } from './emitter.js';
export { toHalfPrecision } from './half-precision.js';
export { encodeIdentity } from './identity.js';
export {
  type FixedSizes,
  type ImageInterface,
  type ImageLayout,
  type ImageRange,
  imageInterfaceOf,
  imageLayouts,
  imageRanges,
  isPlain,
  largestEnlargement,
} from './image-interface.js';
export { checkImportable, importOnnx, type OnnxNetwork, readNetwork } from './import/index.js';
export {
  type ChannelRanges,
  type ConvolutionRanges,
  exposeConvolutions,
  type KernelBits,
  type ModelRanges,
  quantiseModel,
  type WatchedConvolution,
  type WatchedModel,
} from './int8/index.js';
export { encodeOnnx, type LoweringOptions, variableInput, variableUpdate } from './lowering.js';
export type { LoweringTarget } from './lowering-context.js';
export { metadataKeys } from './metadata-keys.js';
export { decodeOnnx, type OnnxConvolution, type OnnxModelFile, type OnnxValue } from './model-file.js';
export { mostNodes, type OnnxOutline } from './outline.js';
export { encodePacking, encodeUnpacking } from './packed-pixels.js';
export { quantiseWeights } from './quantised-weights.js';
export {
  inspectModelFile,
  type ModelBytes,
  type ModelFileFacts,
  outlineOfBytes,
  readModelFile,
} from './read-model-file.js';
export { storeWeights } from './stored-weights.js';
export { mayGain, tailoredTo } from './tailoring.js';
export { type WeightStorage, weightStorages } from './weight-storage.js';
export { withMetadata } from './with-metadata.js';
