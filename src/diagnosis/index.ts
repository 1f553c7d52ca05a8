export { type BenchOptions, bench } from './bench.js';
export type { BenchReport, RunTimes, TrainingRow, TrainingSize, TranslationRow, Unmeasured } from './bench-report.js';
export { type DiagnoseOptions, diagnose } from './diagnose.js';
export { diagnosisLines } from './diagnosis-lines.js';
export { speedTest, timedNetwork } from './engines.js';
export type {
  Complaint,
  Diagnosis,
  EnginesReport,
  FolderReport,
  InstallationReport,
  MachineReport,
  ModelReport,
  WatchingReport,
} from './report.js';
