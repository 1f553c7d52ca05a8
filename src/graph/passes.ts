/**
 * Whole-graph passes: graph in, graph out, meaning unchanged.
 */
import type { Graph, Node, NodeId } from './graph.js';

/** Drops nodes that no output and no update needs, and renumbers the rest. Unused inputs and variables go too. */
export function prune(graph: Graph): Graph {
  const needed = new Set<NodeId>([...Object.values(graph.outputs), ...Object.values(graph.updates)]);
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (needed.has(id)) for (const input of graph.nodes[id]!.inputs) needed.add(input);
  }
  const renumbered = new Map<NodeId, NodeId>();
  const nodes: Node[] = [];
  graph.nodes.forEach((node, id) => {
    if (!needed.has(id)) return;
    renumbered.set(id, nodes.length);
    nodes.push({ ...node, inputs: node.inputs.map(input => renumbered.get(input)!) } as Node);
  });
  const rename = (names: Readonly<Record<string, NodeId>>) =>
    Object.fromEntries(
      Object.entries(names)
        .filter(([, id]) => renumbered.has(id))
        .map(([name, id]) => [name, renumbered.get(id)!]),
    );
  return {
    nodes,
    inputs: rename(graph.inputs),
    variables: rename(graph.variables),
    outputs: rename(graph.outputs),
    updates: rename(graph.updates),
  };
}
