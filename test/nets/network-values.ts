/**
 * Values for a network's parameters that make it lively: kernels that keep the size of what goes through them, scales away
 * from 0, variances above it.
 */
import { GraphBuilder, sizeOf, type Tensor } from '../../src/graph/index.js';
import {
  type BuildOptions,
  buildNetwork,
  type NetworkSpec,
  type Parameter,
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
    parametersOf(spec).map(parameter => {
      const { key, shape } = parameter;
      return [key, { shape, data: randomValues(random, shape, makerOf(parameter)) }];
    }),
  );
}

function makerOf({ key, shape, role }: Parameter): Maker {
  switch (role) {
    case 'weight': {
      const most = Math.sqrt(3 / sizeOf(shape.slice(1)));
      return between(-most, most);
    }
    case 'bias':
      return between(-0.3, 0.3);
    case 'scale':
      return between(0.5, 1.5);
    case 'statistic':
      return key.endsWith('running_var') ? between(0.3, 2) : between(-0.3, 0.3);
    default:
      return role satisfies never;
  }
}

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
