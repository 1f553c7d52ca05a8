/** TensorFlow.js on its backend in plain JavaScript, slow and to be had everywhere: the conformance suite, and the recorded numbers of the reference implementation. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Engine } from '../../src/engine/index.js';
import { openTfjsEngine } from '../../src/engine/tfjs/index.js';
import { describeForward } from '../golden/forward-cases.js';
import { describeTraining } from '../golden/training-cases.js';
import { describeConformance } from './conformance.js';

const open = () => openTfjsEngine({ backend: 'cpu' });

describeConformance('TensorFlow.js, backend cpu', open);

describe('recorded numbers on TensorFlow.js, backend cpu', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.dispose());

  describeForward(() => engine);
  // One of them: it takes as long as all others together, on the kernels that the native backends have too.
  describeTraining(
    () => engine,
    ({ batch }) => batch === 2,
  );
});
