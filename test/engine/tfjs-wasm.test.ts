/** TensorFlow.js on WebAssembly. */
import { openTfjsEngine } from '../../src/engine/tfjs/index.js';
import { describeConformance } from './conformance.js';

describeConformance('TensorFlow.js, backend wasm', () => openTfjsEngine({ backend: 'wasm' }));
