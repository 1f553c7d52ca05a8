/** TensorFlow.js on its backend in plain JavaScript: slow, and the one that can be had everywhere. */
import { openTfjsEngine } from '../../src/engine/tfjs/index.js';
import { describeConformance } from './conformance.js';

describeConformance('TensorFlow.js, backend cpu', () => openTfjsEngine({ backend: 'cpu' }));
