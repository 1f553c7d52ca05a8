/** TensorFlow.js on WebAssembly: the conformance suite, and the recorded numbers of the reference implementation. */
import { openTfjsEngine } from '../../src/engine/tfjs/index.js';
import { describeGolden } from '../golden/describe-golden.js';
import { describeConformance } from './conformance.js';

const open = () => openTfjsEngine({ backend: 'wasm' });

describeConformance('TensorFlow.js, backend wasm', open);
describeGolden('TensorFlow.js, backend wasm', open);
