/** Group and batch normalisation, composed of the language's operations, against plain loops and central differences. */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/engine/index.js';
import {
  batchNorm,
  concat,
  formatShape,
  GraphBuilder,
  groupNorm,
  reshape,
  sizeOf,
  symbol,
  type Tensor,
} from '../../src/graph/index.js';
import { expectGradients, graphOf } from './central-differences.js';
import { between, randomValues, seededRandom } from './random-values.js';

const epsilon = 1e-5;
const shape = [2, 6, 3, 4] as const;
const [n, channels, height, width] = shape;
const values = randomValues(seededRandom(3), shape, between(-1, 3));

/** Places of an image's values, by what they share a mean with. */
function poolsOf(pool: (sample: number, channel: number) => string): Map<string, number[]> {
  const pools = new Map<string, number[]>();
  values.forEach((_, at) => {
    const channel = Math.floor(at / (height * width)) % channels;
    const name = pool(Math.floor(at / (channels * height * width)), channel);
    pools.set(name, [...(pools.get(name) ?? []), at]);
  });
  return pools;
}

function momentsOf(places: readonly number[]) {
  const mean = places.reduce((sum, at) => sum + values[at]!, 0) / places.length;
  return { mean, variance: places.reduce((sum, at) => sum + (values[at]! - mean) ** 2, 0) / places.length };
}

function normalisedByLoops(pools: Map<string, number[]>): Float64Array {
  const result = new Float64Array(values.length);
  for (const places of pools.values()) {
    const { mean, variance } = momentsOf(places);
    for (const at of places) result[at] = (values[at]! - mean) / Math.sqrt(variance + epsilon);
  }
  return result;
}

function run(build: (x: Tensor) => readonly Tensor[]) {
  const builder = new GraphBuilder();
  const inputs = { x: { shape, data: Float64Array.from(values) } };
  return Object.values(evaluate(graphOf(build(builder.input('x', shape))), { inputs }).outputs);
}

function expectClose(actual: Float64Array, expected: ArrayLike<number>): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, at) => {
    expect(Math.abs(value - expected[at]!)).toBeLessThan(1e-12);
  });
}

describe('groupNorm', () => {
  it.each([1, 2, 3, 6])('of %i groups takes mean and variance over a group of neighbouring channels', groups => {
    const pools = poolsOf((sample, channel) => `${sample} ${Math.floor((channel * groups) / channels)}`);
    expect(pools.size).toBe(n * groups);
    const [y] = run(x => [groupNorm(x, groups, epsilon)]);
    expectClose(y!.data, normalisedByLoops(pools));
  });

  it('keeps how the channels of a group differ in their mean, which instance normalisation takes away', () => {
    const [y] = run(x => [groupNorm(x, 2, epsilon)]);
    const meanOf = (channel: number) =>
      y!.data.slice(channel * height * width, (channel + 1) * height * width).reduce((sum, value) => sum + value, 0);
    expect(Math.abs(meanOf(0) - meanOf(1))).toBeGreaterThan(0.1);
  });

  it('takes symbolic sizes', () => {
    const [batch, tall, wide] = [symbol('batch'), symbol('height', 4), symbol('width', 4)];
    const builder = new GraphBuilder();
    const y = groupNorm(builder.input('x', [batch, 8, tall, wide]), 2);
    expect(formatShape(y.shape)).toBe('[batch, 8, height, width]');
    builder.output('y', y);
    const data = Float64Array.from(randomValues(seededRandom(4), [1, 8, 4, 8]));
    const { outputs } = evaluate(builder.build(), { inputs: { x: { shape: [1, 8, 4, 8], data } } });
    expect(outputs['y']!.shape).toEqual([1, 8, 4, 8]);
  });

  it('has gradients, and gradients of these', () => {
    const argument = { name: 'x', shape: [2, 4, 2, 3], values: randomValues(seededRandom(5), [2, 4, 2, 3]) };
    expectGradients([argument], ([x]) => groupNorm(x!, 2, epsilon));
  });
});

describe('batchNorm', () => {
  it('takes mean and variance over the batch, and hands them out', () => {
    const pools = poolsOf((_, channel) => `${channel}`);
    const [y, mean, variance] = run(x => Object.values(batchNorm(x, epsilon)));
    expectClose(y!.data, normalisedByLoops(pools));
    const moments = [...pools.values()].map(momentsOf);
    expect([mean!.shape, variance!.shape]).toEqual([[channels], [channels]]);
    expectClose(
      mean!.data,
      moments.map(({ mean: value }) => value),
    );
    expectClose(
      variance!.data,
      moments.map(({ variance: value }) => value),
    );
  });

  it.each([1, 3])('has gradients, and gradients of these, by the whole batch of %i', batch => {
    const size = [batch, 2, 2, 3];
    const argument = { name: 'x', shape: size, values: randomValues(seededRandom(6), size) };
    expectGradients([argument], ([x]) => {
      const { normalised, mean, variance } = batchNorm(x!, epsilon);
      return concat([reshape(normalised, [sizeOf(size)]), mean, variance], 0);
    });
  });
});
