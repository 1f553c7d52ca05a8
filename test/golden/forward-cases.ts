/** Forward passes of whole networks, on any engine, against the numbers recorded of the reference implementation. */
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/index.js';
import { GraphBuilder } from '../../src/graph/index.js';
import {
  buildNetwork,
  loadWeights,
  parametersOf,
  readSafetensorsFile,
  type WeightTensor,
} from '../../src/nets/index.js';
import { type ForwardCase, forwardCases, goldenFile, largestDifference } from './golden-index.js';

export function describeForward(engine: () => Engine): void {
  describe.runIf(forwardCases.length > 0)('forward passes match the reference', () => {
    it.each(forwardCases)('$name', golden => expectForward(engine(), golden));
  });
}

async function expectForward(engine: Engine, golden: ForwardCase): Promise<void> {
  const { tensors: recorded } = await readSafetensorsFile(goldenFile(`${golden.name}.io.safetensors`));
  const { x, y } = recorded as { x: WeightTensor; y: WeightTensor };
  const { spec, tensors } = await loadWeights(goldenFile(`${golden.name}.pth`));
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
}
