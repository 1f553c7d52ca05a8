/** TensorFlow.js on its backend in plain JavaScript, slow and to be had everywhere: the conformance suite, and the recorded numbers of the reference implementation. */
import { openTfjsEngine } from '../../src/engine/tfjs/index.js';
import { describeGolden } from '../golden/describe-golden.js';
import { describeConformance } from './conformance.js';

const open = () => openTfjsEngine({ backend: 'cpu' });

describeConformance('TensorFlow.js, backend cpu', open);
// No training case: it takes as long as all others together. The same calls of TensorFlow.js are held to both by the backend
// wasm, and the kernels of this one, those of gradients too, to the reference evaluator by the suite above.
describeGolden('TensorFlow.js, backend cpu', open, () => false);
