export { type DescribedNetwork, parseDescription, readDescription } from './described-network.js';
export {
  type DetectedInterface,
  detectInterface,
  type Finding,
  type ModelOverrides,
  type Source,
  withFindings,
} from './detect-interface.js';
export {
  type ExportedFiles,
  type ExportedPrecision,
  type ExportedStorage,
  type ExportFormat,
  type ExportOptions,
  exportedPrecisions,
  exportedStorages,
  exportFormats,
  exportModel,
} from './export-model.js';
export { filesOfModel, type ModelFiles } from './files-of-model.js';
export type { ForeignModel, ModelSums, ReadModelOptions } from './foreign-model.js';
export {
  type CalibratedConvolution,
  type CalibratedModel,
  type CalibrateOptions,
  type Calibration,
  calibrate,
  calibrationPathOf,
  type FoundCalibration,
  findCalibration,
  judgeAgain,
  type ModelToCalibrate,
  readCalibration,
  squareImage,
  writeCalibration,
} from './int8/index.js';
export { type KnownNetwork, type NetworkChoice, networkIn } from './network-in-tensors.js';
export { probePicture } from './probe-image.js';
export { inspectModel, readModel } from './read-model.js';
export { kindNames, type ModelKind, modelKinds, type RecognisedModel, recogniseModel } from './recognise-model.js';
export { type ConvertedModel, weightsToOnnx } from './weights-to-onnx.js';
