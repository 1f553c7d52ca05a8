/** What ONNX Runtime keeps for speed can be given back: large programs shrink and still run. */
import { expect, it } from 'vitest';
import { openEngine } from '../../src/engine/index.js';
import { GraphBuilder, neg, sum, tanh, transpose } from '../../src/graph/index.js';

it('memory of the runs before goes back to the system, and the next run is right', async () => {
  const engine = await openEngine('cpu', { threads: 1 });
  const builder = new GraphBuilder();
  const x = builder.input('x', [1, 1, 4096, 8192]);
  const turned = transpose(tanh(transpose(neg(x), [0, 1, 3, 2])), [0, 1, 3, 2]);
  builder.output('y', sum(turned));
  const program = await engine.compile(builder.build());
  const values = { shape: [1, 1, 4096, 8192], data: new Float32Array(4096 * 8192).fill(0) };
  values.data[5] = -20;
  const run = async () => (await program.run({ x: values }))['y']!.data[0];
  expect(await run()).toBe(1);
  const heldBytes = process.memoryUsage().rss;
  await engine.releaseCaches();
  const freedBytes = heldBytes - process.memoryUsage().rss;
  expect(freedBytes, 'of at least 134 MB of values in between').toBeGreaterThan(100e6);
  expect(await run()).toBe(1);
  await program.dispose();
  await engine.releaseCaches();
  await expect(run()).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  await engine.dispose();
});
