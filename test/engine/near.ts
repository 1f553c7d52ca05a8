/**
 * Values and comparisons of whole programs: results of many operations are compared by the largest value of each tensor.
 */
import { expect } from 'vitest';
import type { Float64Tensor, TensorData } from '../../src/engine/index.js';
import type { Shape } from '../../src/graph/index.js';
import { between, type Maker, type Random, randomValues } from '../graph/random-values.js';

export function tensor(random: Random, shape: readonly number[], maker: Maker = between(-1, 1)): TensorData {
  return { shape, data: randomValues(random, shape, maker) };
}

export function numbers(shape: Shape): readonly number[] {
  return shape as readonly number[];
}

export function doubles({ shape, data }: TensorData) {
  return { shape, data: Float64Array.from(data) };
}

export function mapped<From, To>(record: Readonly<Record<string, From>>, f: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}

export function plain(outputs: Readonly<Record<string, TensorData>>) {
  return mapped(outputs, ({ shape, data }) => [[...shape], [...data]]);
}

/** Within `tolerance` of the largest value of the tensor. */
export function expectNear(name: string, actual: TensorData, exact: Float64Tensor, tolerance: number): void {
  expect(actual.shape, name).toEqual(exact.shape);
  const scale = exact.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  const worst = exact.data.reduce((most, value, at) => Math.max(most, Math.abs(value - actual.data[at]!)), 0);
  expect(worst / scale, `${name}: largest error over largest value`).toBeLessThanOrEqual(tolerance);
}
