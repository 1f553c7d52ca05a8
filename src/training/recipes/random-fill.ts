/** Values that a phase wants drawn anew in every step, from the run's one source of chance. */
import type { Random } from '../../base/index.js';

/** Fills the values of one input, which are zeros. */
export type RandomFill = (random: Random, values: Float32Array) => void;
