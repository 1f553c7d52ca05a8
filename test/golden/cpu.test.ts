/** Parity with the reference implementation on the CPU: every case of the folder of recorded numbers. */
import { openEngine } from '../../src/engine/index.js';
import { describeGolden } from './describe-golden.js';

describeGolden('the CPU', () => openEngine('cpu'));
