/**
 * Evaluates a graph node by node in double precision, keeping every value. No fusion, no reuse, no rounding to float32:
 * what the language means, for gradient checks and for holding engines to.
 */
import type { Graph, NodeId, OpName } from '../../graph/index.js';
import { checkVariables, concreteShape, symbolValues } from '../graph-shapes.js';
import type { Feeds, Float64Tensor, Kernel } from './kernel.js';
import { kernels } from './kernels.js';

export interface Evaluation {
  readonly outputs: Record<string, Float64Tensor>;
  /** Variable name → its value after the run. */
  readonly updates: Record<string, Float64Tensor>;
}

/** @throws SHAPE_MISMATCH, GRAPH_INVALID when an input or a variable is missing or has another shape than the graph says. */
export function evaluate(graph: Graph, feeds: Feeds = {}): Evaluation {
  const symbols = symbolValues(graph, feeds.inputs ?? {});
  checkVariables({ ...graph, updates: {} }, name => feeds.variables?.[name]?.shape);
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
