/**
 * TensorFlow.js on libtensorflow, where `@tensorflow/tfjs-node` or `-node-gpu` is installed: beside this package, or in
 * the `node_modules` folder that CYCLEBOX_TFJS_MODULES names. Elsewhere the tests are skipped and say so.
 */
import { it } from 'vitest';
import { findTfjs, openTfjsEngine, type TfjsBackend } from '../../src/engine/tfjs/index.js';
import { describeGolden } from '../golden/describe-golden.js';
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
  describeGolden(`TensorFlow.js, backend ${backend}`, open);
}
