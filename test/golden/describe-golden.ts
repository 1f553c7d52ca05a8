/** All recorded numbers of the reference implementation on one engine, which is opened for them and closed after them. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Engine } from '../../src/engine/index.js';
import { describeForward } from './forward-cases.js';
import type { TrainingCase } from './golden-index.js';
import { describeTraining } from './training-cases.js';

/** @param only which of the training cases, for engines too slow for all */
export function describeGolden(
  name: string,
  open: () => Promise<Engine>,
  only: (golden: TrainingCase) => boolean = () => true,
): void {
  describe(`recorded numbers on ${name}`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.dispose());

    describeForward(() => engine);
    describeTraining(() => engine, only);
  });
}
