export { type Spread, spreadOf, spreadText } from './spread.js';
export { type SweepFile, sweepFileSchema } from './sweep-file.js';
export { type RowResult, type RunResult, runResult, type SweepResults, sweepResults } from './sweep-results.js';
export { rowsOf, runsOf, type SweepRow, type SweepRun } from './sweep-rows.js';
export { sweepCsv, sweepNotes, sweepTable } from './sweep-table.js';
