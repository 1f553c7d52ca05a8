/** TensorFlow.js on its backend in plain JavaScript, slow and to be had everywhere: the conformance suite, and the recorded numbers of the reference implementation. */
import { openTfjsEngine } from '../../src/engine/tfjs/index.js';
import { describeGolden } from '../golden/describe-golden.js';
import { describeConformance } from './conformance.js';

const open = () => openTfjsEngine({ backend: 'cpu' });

describeConformance('TensorFlow.js, backend cpu', open);
// One training case: it takes as long as all others together, on the kernels that the native backends have too.
describeGolden('TensorFlow.js, backend cpu', open, ({ batch }) => batch === 2);
