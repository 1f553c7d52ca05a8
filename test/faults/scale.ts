/**
 * How much of the fault tests runs: a subset that fits into CI, or, with `npm run test:faults`
 * (CYCLEBOX_FAULTS_FULL=1), everything. The instants that chance picks follow from CYCLEBOX_FAULTS_SEED.
 */
import { Random } from '../../src/base/index.js';

export const isFull = process.env['CYCLEBOX_FAULTS_FULL'] === '1';

/** Printed with every failure, so that it can be had again. */
export const seed = Number(process.env['CYCLEBOX_FAULTS_SEED'] ?? (isFull ? Date.now() % 2 ** 31 : 20_260_601));

export const chance = () => new Random(seed);

/** `small` in CI, `full` in the full run. */
export const scaled = (small: number, full: number): number => (isFull ? full : small);
