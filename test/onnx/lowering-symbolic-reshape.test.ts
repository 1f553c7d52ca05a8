/** Reshapes with several free sizes in ONNX: what stays in its place is copied, one more may be worked out, two may not. */
import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../src/engine/index.js';
import { type Dimension, GraphBuilder, reshape, symbol, times } from '../../src/graph/index.js';
import { encodeOnnx } from '../../src/onnx/index.js';

const [batch, height, width] = [symbol('batch'), symbol('height'), symbol('width')];

function encoded(shape: readonly Dimension[]): Uint8Array {
  const builder = new GraphBuilder();
  builder.output('y', reshape(builder.input('x', [batch, 4, height, width]), shape));
  return encodeOnnx(builder.build());
}

test('a size may take in numbers while the others stay', async () => {
  const engine = await openEngine('cpu', { threads: 1 });
  onTestFinished(() => engine.dispose());
  const program = await engine.load({ bytes: encoded([batch, 2, times(height, 2), width]) });
  const data = Float32Array.from({ length: 2 * 4 * 3 * 5 }, (_, at) => at);
  const { y } = await program.run({ x: { shape: [2, 4, 3, 5], data } });
  expect(y!.shape).toEqual([2, 2, 6, 5]);
  expect(y!.data).toEqual(data);
});

test('two that change places are refused', () => {
  expect(() => encoded([batch, 4, width, height])).toThrow('at most one symbolic dimension that changes its place');
});
