/** Parity with the reference implementation on the processor: every case of the folder of recorded numbers. */
import { afterAll, beforeAll } from 'vitest';
import { type Engine, openEngine } from '../../src/engine/index.js';
import { describeForward } from './forward-cases.js';
import { describeTraining } from './training-cases.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu');
});
afterAll(() => engine.dispose());

describeForward(() => engine);
describeTraining(() => engine);
