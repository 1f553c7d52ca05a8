/** Values for a network's parameters that make it lively: large enough kernels, scales away from 0, variances above it. */
import type { Tensor } from '../../src/graph/index.js';
import { GraphBuilder } from '../../src/graph/index.js';
import {
  type BuildOptions,
  buildNetwork,
  type NetworkSpec,
  parametersOf,
  type WeightedSpec,
} from '../../src/nets/index.js';
import { between, type Maker, randomValues, seededRandom } from '../graph/random-values.js';

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export function networkValues(spec: WeightedSpec, seed = 1): Record<string, Values> {
  const random = seededRandom(seed);
  return Object.fromEntries(
    parametersOf(spec).map(({ key, shape, role }) => [
      key,
      { shape, data: randomValues(random, shape, makers[key.endsWith('running_var') ? 'variance' : role]) },
    ]),
  );
}

const makers: Record<string, Maker> = {
  weight: between(-0.5, 0.5),
  bias: between(-0.3, 0.3),
  scale: between(0.5, 1.5),
  statistic: between(-0.3, 0.3),
  variance: between(0.3, 2),
};

export function imageValues(shape: readonly number[], seed = 2): Values {
  return { shape, data: randomValues(seededRandom(seed), shape) };
}

export function inDouble<Name extends string>(values: Readonly<Record<Name, Values>>) {
  return Object.fromEntries(
    Object.entries<Values>(values).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]),
  );
}

/** A network of an input `x`, its weights variables; the keys in the order they were asked for. */
export function networkOf(spec: NetworkSpec, shape: readonly number[], options: BuildOptions = {}) {
  const builder = new GraphBuilder();
  const asked: string[] = [];
  const x = builder.input('x', shape);
  const weights = (key: string, of: readonly number[]): Tensor => {
    asked.push(key);
    return builder.variable(key, of);
  };
  return { builder, x, weights, y: buildNetwork(spec, x, weights, options), asked };
}
