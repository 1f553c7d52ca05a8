/**
 * Parity with the reference implementation: every case of a folder of recorded numbers, by default the one among the
 * fixtures. Network types, sizes and tolerances come from the folder's index and files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../src/engine/index.js';
import { GraphBuilder } from '../src/graph/index.js';
import { buildNetwork, loadWeights, parametersOf, readSafetensorsFile, type WeightTensor } from '../src/nets/index.js';

interface ForwardCase {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly params: number;
}

const folder = process.env['CYCLEBOX_GOLDEN'] || fileURLToPath(new URL('./fixtures/golden', import.meta.url));
const index: { readonly forward?: readonly ForwardCase[] } = JSON.parse(
  readFileSync(join(folder, 'index.json'), 'utf8'),
);

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu');
});
afterAll(() => engine.dispose());

describe('forward passes match the reference', () => {
  it.each(index.forward ?? [])('$name', async golden => {
    const { tensors: recorded } = await readSafetensorsFile(join(folder, `${golden.name}.io.safetensors`));
    const { x, y } = recorded as { x: WeightTensor; y: WeightTensor };
    const { spec, tensors } = await loadWeights(join(folder, `${golden.name}.pth`));
    expect(x.shape).toEqual(golden.x);
    expect(parametersOf(spec).reduce((sum, { key }) => sum + tensors[key]!.data.length, 0)).toBe(golden.params);

    const graph = new GraphBuilder();
    const output = buildNetwork(spec, graph.input('x', x.shape), (key, shape) =>
      graph.constant(tensors[key]!.data, shape),
    );
    graph.output('y', output);
    const program = await engine.compile(graph.build());
    try {
      const { y: result } = await program.run({ x });
      expect(result!.shape).toEqual(golden.y);
      expect(largestDifference(result!.data, y.data)).toBeLessThanOrEqual(1e-4);
    } finally {
      await program.dispose();
    }
  });
});

/** Not a number if any value is not. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
