/** What a terminal shows, how commands end, and what stops them. */
export { DownloadLine } from './download-line.js';
export { guardOutput } from './guard-output.js';
export { printable } from './printable.js';
export { ProgressLine } from './progress-line.js';
export { exitCodes, exitCodesHelp, printError, reportError } from './report-error.js';
export { reportStop, stopOnSignals } from './stop-on-signals.js';
export { type Stopping, stopOnSignal } from './stopping.js';
