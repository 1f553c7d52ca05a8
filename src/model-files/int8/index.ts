export {
  type CalibratedConvolution,
  type CalibratedModel,
  type CalibrateOptions,
  calibrate,
} from './calibrate.js';
export {
  type Calibration,
  calibrationPathOf,
  type FoundCalibration,
  findCalibration,
  readCalibration,
  writeCalibration,
} from './calibration-file.js';
export { type JudgeOptions, judgeAgain, type ModelToCalibrate } from './judge.js';
export { squareImage } from './square-image.js';
