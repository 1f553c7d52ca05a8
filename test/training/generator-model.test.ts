/** Exported generators of every kind: on the CPU's engine, at any size, they give what their graph says. */
import { expect, onTestFinished, test } from 'vitest';
import { evaluate, openEngine, referenceEngine } from '../../src/engine/index.js';
import { type GeneratorSpec, generatorGraph, norms, parseArchitecture, upsamplings } from '../../src/nets/index.js';
import { encodeGenerator } from '../../src/training/generator-model.js';
import { expectNear } from '../engine/near.js';
import { imageValues, inDouble, networkValues } from '../nets/network-values.js';

const common = { width: 8, inputChannels: 3, outputChannels: 3, dropout: false };
const generators: readonly GeneratorSpec[] = norms.flatMap(norm => [
  { kind: 'resnet', blocks: 1, ...common, norm },
  ...upsamplings.map((upsample): GeneratorSpec => ({ kind: 'unet', levels: 5, ...common, width: 4, norm, upsample })),
]);

test.each(generators)('$kind, normalisation $norm, upsampling $upsample', async spec => {
  const weights = networkValues(spec);
  const bytes = encodeGenerator({ spec, weights, pair: 'a-b', from: 'a', to: 'b', training: {} });
  const graph = generatorGraph(spec);
  const engine = await openEngine('cpu', { threads: 1 });
  onTestFinished(() => engine.dispose());
  const program = await engine.load({ bytes });
  expect(parseArchitecture(program.metadata['cyclebox.architecture']!)).toEqual(spec);
  for (const shape of [
    [1, 3, 32, 64],
    [2, 3, 64, 32],
  ]) {
    const image = imageValues(shape);
    const exact = evaluate(graph, { inputs: inDouble({ image }), variables: inDouble(weights) }).outputs['translated']!;
    const { translated } = await program.run({ image });
    expectNear('translated', translated!, exact, 1e-4);
  }
});

test('a file with group normalisation can be imported again, for engines that read no files', async () => {
  const spec: GeneratorSpec = { kind: 'resnet', blocks: 1, ...common, norm: 'group' };
  const weights = networkValues(spec);
  const engine = referenceEngine();
  onTestFinished(() => engine.dispose());
  const bytes = encodeGenerator({ spec, weights, pair: 'a-b', from: 'a', to: 'b', training: {} });
  const program = await engine.load({ bytes });
  const image = imageValues([2, 3, 8, 12]);
  const exact = evaluate(generatorGraph(spec), { inputs: inDouble({ image }), variables: inDouble(weights) });
  expectNear('translated', (await program.run({ image }))['translated']!, exact.outputs['translated']!, 1e-5);
});
