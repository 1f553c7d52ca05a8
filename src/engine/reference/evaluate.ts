/**
 * Evaluates a graph node by node in double precision, keeping every value. No fusion, no reuse, no rounding to float32:
 * what the language means, for gradient checks and for holding engines to.
 */
import { CycleboxError } from '../../base/index.js';
import { type Graph, type NodeId, type OpName, sizeOf } from '../../graph/index.js';
import type { Feeds, Float64Tensor, Float64Tensors, Kernel } from './kernel.js';
import { kernels } from './kernels.js';
import { concreteShape, symbolValues } from './symbols.js';

export interface Evaluation {
  readonly outputs: Record<string, Float64Tensor>;
  /** Variable name → its value after the run. */
  readonly updates: Record<string, Float64Tensor>;
}

/** @throws SHAPE_MISMATCH when an input or a variable is missing or has another shape than the graph says. */
export function evaluate(graph: Graph, feeds: Feeds = {}): Evaluation {
  const symbols = symbolValues(graph, feeds.inputs ?? {});
  checkVariables(graph, feeds.variables ?? {});
  const values: Float64Tensor[] = [];
  for (const node of graph.nodes) {
    const kernel = kernels[node.op] as Kernel<OpName>;
    const shape = concreteShape(node.shape, symbols);
    const inputs = node.inputs.map(id => values[id]!);
    values.push({ shape, data: kernel({ inputs, attributes: node.attributes, shape, feeds }) });
  }
  const named = (names: Readonly<Record<string, NodeId>>) =>
    Object.fromEntries(Object.entries(names).map(([name, id]) => [name, values[id]!]));
  return { outputs: named(graph.outputs), updates: named(graph.updates) };
}

function checkVariables(graph: Graph, given: Float64Tensors): void {
  for (const [name, id] of Object.entries(graph.variables)) {
    const expected = concreteShape(graph.nodes[id]!.shape, new Map());
    const value = given[name];
    if (value && `${value.shape}` === `${expected}` && value.data.length === sizeOf(expected)) continue;
    const got = value ? `[${value.shape}]` : 'nothing';
    throw new CycleboxError('SHAPE_MISMATCH', `variable ${name}: got ${got}, expected [${expected}].`);
  }
}
