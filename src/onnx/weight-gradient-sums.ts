/**
 * Finds sums of weight gradients in a graph: a network applied to several images gets one gradient per application,
 * added up by `add` nodes. Each such tree can be lowered as one accumulated product.
 */
import type { Graph, Node, NodeId } from '../graph/index.js';

export interface WeightGradSums {
  /** Leaves of the tree by its last `add`, two or more, in the order they are added. */
  readonly leaves: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** Nodes inside the trees, which nothing else reads. */
  readonly absorbed: ReadonlySet<NodeId>;
}

export function findWeightGradSums(graph: Graph): WeightGradSums {
  const uses = countUses(graph);
  const leaves = new Map<NodeId, readonly NodeId[]>();
  const absorbed = new Set<NodeId>();
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (absorbed.has(id) || graph.nodes[id]!.op !== 'add') continue;
    const inside: NodeId[] = [];
    const found = leavesOf(graph, uses, id, inside);
    if (!found) continue;
    leaves.set(id, found);
    for (const node of inside) absorbed.add(node);
  }
  return { leaves, absorbed };
}

/** Undefined when the tree under an `add` holds anything but weight gradients of one kind that only it reads. */
function leavesOf(graph: Graph, uses: readonly number[], root: NodeId, inside: NodeId[]): NodeId[] | undefined {
  const found: NodeId[] = [];
  const visit = (id: NodeId): boolean =>
    graph.nodes[id]!.inputs.every(input => {
      const node = graph.nodes[input]!;
      if (uses[input] !== 1) return false;
      inside.push(input);
      if (node.op === 'add') return visit(input);
      if (node.op !== 'conv2dWeightGrad') return false;
      return found.push(input) > 0;
    });
  const uniform = visit(root) && found.every(id => kindOf(graph.nodes[id]!) === kindOf(graph.nodes[found[0]!]!));
  return uniform ? found : undefined;
}

/** Equal texts for gradients of one kernel shape with equal attributes. */
function kindOf({ shape, attributes }: Node): string {
  return JSON.stringify([shape, attributes]);
}

function countUses(graph: Graph): number[] {
  const uses = graph.nodes.map(() => 0);
  const count = (id: NodeId) => {
    uses[id] = uses[id]! + 1;
  };
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const id of [...Object.values(graph.outputs), ...Object.values(graph.updates)]) count(id);
  return uses;
}
