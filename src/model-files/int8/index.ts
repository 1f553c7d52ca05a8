export {
  type CalibratedConvolution,
  type CalibratedModel,
  type CalibrateOptions,
  calibrate,
  type ModelToCalibrate,
} from './calibrate.js';
export {
  type Calibration,
  calibrationPathOf,
  type FoundCalibration,
  findCalibration,
  readCalibration,
  writeCalibration,
} from './calibration-file.js';
export { squareImage } from './square-image.js';
