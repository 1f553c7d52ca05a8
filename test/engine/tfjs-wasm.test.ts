/** TensorFlow.js on WebAssembly: the conformance suite, and the recorded numbers of the reference implementation. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Engine } from '../../src/engine/index.js';
import { openTfjsEngine } from '../../src/engine/tfjs/index.js';
import { describeForward } from '../golden/forward-cases.js';
import { describeTraining } from '../golden/training-cases.js';
import { describeConformance } from './conformance.js';

const open = () => openTfjsEngine({ backend: 'wasm' });

describeConformance('TensorFlow.js, backend wasm', open);

describe('recorded numbers on TensorFlow.js, backend wasm', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.dispose());

  describeForward(() => engine);
  describeTraining(() => engine);
});
