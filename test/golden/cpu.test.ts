/** Parity with the reference implementation on the processor: every case of the folder of recorded numbers. */
import { openEngine } from '../../src/engine/index.js';
import { describeGolden } from './describe-golden.js';

describeGolden('the processor', () => openEngine('cpu'));
