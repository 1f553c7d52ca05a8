/**
 * What the networks' newer layers become on engines other than the reference evaluator: forward pass, running statistics and
 * gradients of whole networks in training.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Engine, evaluate, openEngine } from '../../src/engine/index.js';
import { openTfjsEngine } from '../../src/engine/tfjs/index.js';
import { type Graph, GraphBuilder, gradients, mean, scalar, square, sub, type Tensor } from '../../src/graph/index.js';
import { buildNetwork, type NetworkSpec, parametersOf } from '../../src/nets/index.js';
import { expectNear } from '../engine/near.js';
import { imageValues, inDouble, networkValues } from './network-values.js';

const rgb = { inputChannels: 3, outputChannels: 3, dropout: false };
const networks: readonly (readonly [NetworkSpec, readonly number[]])[] = [
  [{ kind: 'resnet', blocks: 1, width: 8, ...rgb, norm: 'group', upsample: 'resize' }, [1, 3, 12, 16]],
  [{ kind: 'resnet', blocks: 1, width: 4, ...rgb, norm: 'batch' }, [2, 3, 12, 16]],
  [{ kind: 'unet', levels: 5, width: 2, ...rgb, norm: 'none', upsample: 'resize' }, [1, 3, 32, 64]],
  [{ kind: 'patch', layers: 2, width: 4, inputChannels: 3, norm: 'none', downsample: 'blur' }, [2, 3, 24, 32]],
  [{ kind: 'image', layers: 3, width: 4, inputChannels: 3, norm: 'group', downsample: 'blur' }, [2, 3, 33, 32]],
];

/** A training pass: the result, a loss's gradients by all weights, and the statistics after it. All that it needs are inputs. */
function trainingPass(spec: NetworkSpec, shape: readonly number[]): Graph {
  const builder = new GraphBuilder();
  const statistics = new Map<string, Tensor>();
  const weights = (key: string, of: readonly number[]) => builder.input(key, of);
  const y = buildNetwork(spec, builder.input('x', shape), weights, { mode: 'training', statistics });
  builder.output('y', y);
  for (const [key, next] of statistics) builder.output(`next ${key}`, next);
  const trained = parametersOf(spec).filter(({ role, cancels }) => role !== 'statistic' && !cancels);
  const slopes = gradients(
    scalar(mean(square(sub(y, 1)))),
    trained.map(({ key, shape: of }) => builder.input(key, of)),
  );
  slopes.forEach((slope, at) => {
    builder.output(`gradient ${trained[at]!.key}`, slope);
  });
  return builder.build();
}

describe.each([
  ['ONNX Runtime on the CPU', () => openEngine('cpu', { threads: 2 })],
  ['TensorFlow.js, backend cpu', () => openTfjsEngine({ backend: 'cpu' })],
] as const)('on %s', (_, open) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.dispose());

  it.each(networks)('a training pass of %o is the reference evaluator’s', async (spec, shape) => {
    const graph = trainingPass(spec, shape);
    const all = { ...networkValues(spec), x: imageValues(shape) };
    const inputs = Object.fromEntries(Object.keys(graph.inputs).map(name => [name, all[name as 'x']]));
    const { outputs: exact } = evaluate(graph, { inputs: inDouble(inputs) });
    const program = await engine.compile(graph);
    const outputs = await program.run(inputs);
    for (const [name, expected] of Object.entries(exact)) expectNear(name, outputs[name]!, expected, 2e-4);
    await program.dispose();
  });
});
