/**
 * A generator as a graph of its own, as model files have it: input `image`, output `translated`, weights as variables named
 * by their keys; batch, height and width free.
 */
import { type Graph, GraphBuilder, symbol } from '../graph/index.js';
import { buildNetwork } from './build.js';
import { type GeneratorSpec, sizeMultipleOf } from './spec.js';

export function generatorGraph(spec: GeneratorSpec): Graph {
  const builder = new GraphBuilder();
  const multiple = sizeMultipleOf(spec);
  const sizes = [symbol('height', multiple), symbol('width', multiple)];
  const image = builder.input('image', [symbol('batch'), spec.inputChannels, ...sizes]);
  builder.output(
    'translated',
    buildNetwork(spec, image, (key, shape) => builder.variable(key, shape)),
  );
  return builder.build();
}
