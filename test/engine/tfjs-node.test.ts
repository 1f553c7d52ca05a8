/**
 * TensorFlow.js on libtensorflow, where `@tensorflow/tfjs-node` or `-node-gpu` is installed: beside this package, or in
 * the `node_modules` folder that CYCLEBOX_TFJS_MODULES names. Elsewhere the tests are skipped and say so.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Engine } from '../../src/engine/index.js';
import { findTfjs, openTfjsEngine, type TfjsBackend } from '../../src/engine/tfjs/index.js';
import { describeForward } from '../golden/forward-cases.js';
import { describeTraining } from '../golden/training-cases.js';
import { describeConformance } from './conformance.js';

const folder = process.env['CYCLEBOX_TFJS_MODULES'];
const searchIn = folder === undefined ? undefined : [folder];

for (const backend of ['node', 'node-gpu'] satisfies TfjsBackend[]) {
  const [installed] = await findTfjs({ backend, searchIn });
  if (!installed) {
    it.skip(`skipped: @tensorflow/tfjs-${backend} is not installed`, () => {});
    continue;
  }
  const open = () => openTfjsEngine({ backend, searchIn });
  describeConformance(`TensorFlow.js, backend ${backend}`, open);

  describe(`recorded numbers on TensorFlow.js, backend ${backend}`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.dispose());

    describeForward(() => engine);
    describeTraining(() => engine);
  });
}
