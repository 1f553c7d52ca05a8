/**
 * Holds the gradients of a function of tensors, and the gradients of those, to central differences in double
 * precision. The function is tested through a sum that is quadratic in its result, so that second derivatives pass
 * through every rule, even those of linear operations.
 */
import { expect } from 'vitest';
import { evaluate } from '../../src/engine/index.js';
import {
  add,
  type Graph,
  GraphBuilder,
  gradients,
  mul,
  prune,
  scalar,
  square,
  sum,
  type Tensor,
} from '../../src/graph/index.js';
import { type Random, randomValues, seededRandom } from './random-values.js';

/** Truncation error is near `step²`, rounding error near `1e-16 / step`: both far below the tolerance. */
const step = 2 ** -16;
const relativeTolerance = 1e-6;

/** A named argument of the function that is differentiated. */
export interface Argument {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Checks first and second derivatives of `f` by every element of every argument. */
export function expectGradients(args: readonly Argument[], f: (inputs: readonly Tensor[]) => Tensor): void {
  const builder = new GraphBuilder();
  const inputs = args.map(({ name, shape }) => builder.input(name, shape));
  const random = seededRandom(5);
  const first = quadratic(f(inputs), random);
  const second = gradients(first, inputs)
    .map(gradient => weighted(gradient, random))
    .reduce((a, b) => add(a, b));
  expectDerivatives(first, inputs, args);
  expectDerivatives(second, inputs, args);
}

/** Checks the gradients of the scalar `value` by each of `inputs`, at the values of `args`. */
export function expectDerivatives(value: Tensor, inputs: readonly Tensor[], args: readonly Argument[]): void {
  const graph = graphOf([value, ...gradients(value, inputs)]);
  const feeds = Object.fromEntries(
    args.map(({ name, shape, values }) => [name, { shape, data: Float64Array.from(values) }]),
  );
  const [, ...exact] = Object.values(evaluate(graph, { inputs: feeds }).outputs);
  const valueOnly = prune({ ...graph, outputs: { value: graph.outputs['0']! } });
  const valueNow = () => evaluate(valueOnly, { inputs: feeds }).outputs['value']!.data[0]!;
  args.forEach(({ name }, which) => {
    expectClose(name, exact[which]!.data, differences(feeds[name]!.data, valueNow), 1e-4 * Math.abs(valueNow()));
  });
}

/** A graph whose outputs are the tensors, named by their places. */
export function graphOf(tensors: readonly Tensor[]): Graph {
  const last = Math.max(...tensors.map(tensor => tensor.id));
  const nodes = Array.from({ length: last + 1 }, (_, id) => tensors[0]!.builder.node(id));
  const leaves = (op: 'input' | 'variable') =>
    Object.fromEntries(nodes.flatMap((node, id) => (node.op === op ? [[node.attributes.name, id]] : [])));
  const outputs = Object.fromEntries(tensors.map((tensor, at) => [String(at), tensor.id]));
  return prune({ nodes, inputs: leaves('input'), variables: leaves('variable'), outputs, updates: {} });
}

function expectClose(name: string, exact: Float64Array, measured: Float64Array, floor: number): void {
  const scale = Math.max(largest(measured), largest(exact), floor);
  measured.forEach((difference, at) => {
    const message = `derivative by ${name}[${at}]: the rule gives ${exact[at]}, differences give ${difference}`;
    expect(Math.abs(exact[at]! - difference), message).toBeLessThanOrEqual(relativeTolerance * scale);
  });
}

/** Central differences of `value` by each element of `data`, which `value` reads. */
function differences(data: Float64Array, value: () => number): Float64Array {
  return data.map((centre, at) => {
    data[at] = centre + step;
    const above = value();
    data[at] = centre - step;
    const below = value();
    data[at] = centre;
    return (above - below) / (2 * step);
  });
}

/** `sum(u · y + v · y²)` with random u and v. */
function quadratic(y: Tensor, random: Random): Tensor {
  return add(weighted(y, random), weighted(square(y), random));
}

function weighted(x: Tensor, random: Random): Tensor {
  const shape = x.shape as readonly number[];
  return scalar(sum(mul(x, x.builder.constant(randomValues(random, shape), shape))));
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
