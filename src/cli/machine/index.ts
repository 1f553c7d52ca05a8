/** What this machine can do, and what an upgrade would change. */
export { type ShowBenchOptions, showBench } from './show-bench.js';
export { type ShowDoctorOptions, showDoctor } from './show-doctor.js';
export { checkForUpgrade, type UpgradeCheckOptions } from './upgrade-check.js';
