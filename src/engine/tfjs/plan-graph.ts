/**
 * From a graph to a plan: every operation is lowered to calls of TensorFlow.js, and values change their layout only where
 * the next operation needs another one. Images stay NHWC from the first convolution to the last, kernels and their
 * moments stay as convolutions want them, so that a training step transposes next to nothing.
 */
import { depthToSpaceAt, type Graph, type NodeId, type OpName } from '../../graph/index.js';
import { lowerDepthToSpace } from './depth-to-space.js';
import { layoutOfVariable } from './layout.js';
import { lowerings } from './lowering.js';
import { inLayout, type Lowering, type LoweringContext, type Value } from './lowering-context.js';
import { type Plan, PlanBuilder } from './plan-builder.js';
import type { TfjsDevice } from './tfjs-device.js';

export function planGraph(graph: Graph, device: TfjsDevice): Plan {
  const builder = new PlanBuilder();
  const values: Value[] = [];
  for (const id of graph.nodes.keys()) values.push(lowerNode(graph, id, values, builder, device));
  for (const [name, id] of Object.entries(graph.outputs)) builder.output(name, inLayout(builder, values[id]!, 'plain'));
  for (const [name, id] of Object.entries(graph.updates)) {
    builder.update(name, inLayout(builder, values[id]!, layoutOfVariable(graph.nodes[id]!.shape)));
  }
  return builder.build();
}

function lowerNode(
  graph: Graph,
  id: NodeId,
  values: readonly Value[],
  builder: PlanBuilder,
  device: TfjsDevice,
): Value {
  const node = graph.nodes[id]!;
  const { shape } = node;
  switch (node.op) {
    case 'input':
      return { slot: builder.input(node.attributes.name), layout: 'plain', shape };
    case 'variable':
      return { slot: builder.variable(node.attributes.name), layout: layoutOfVariable(shape), shape };
    case 'constant':
      return { slot: builder.constant(node.attributes.data, shape as readonly number[]), layout: 'plain', shape };
    default: {
      const spread = depthToSpaceAt(graph, id);
      if (spread) return { ...lowerDepthToSpace({ builder, device }, values[spread.source]!, spread.block), shape };
      const inputs = node.inputs.map(input => values[input]!);
      const context: LoweringContext<OpName> = { builder, device, attributes: node.attributes, inputs, shape };
      const { slot, layout } = (lowerings[node.op] as Lowering<OpName>)(context);
      return { slot, layout, shape };
    }
  }
}
