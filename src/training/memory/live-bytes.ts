/**
 * What a graph's values take at most at a time, if each is freed after its last use: read off the shapes, in the order of
 * the nodes, before anything is compiled. What an engine really takes is more: it runs in an order of its own, lays out
 * values for its kernels in between, and rounds up (memory-estimate.ts knows by how much).
 *
 * Leaves do not count: inputs, variables and constants lie elsewhere. Nor do updates, which go where the variables lie.
 */
import { type Graph, numericShape, sizeOf } from '../../graph/index.js';

const floatBytes = 4;
const leaves: ReadonlySet<string> = new Set(['input', 'variable', 'constant']);

/** @param graph with numbers for all its dimensions */
export function liveBytes(graph: Graph): number {
  const updates = new Set(Object.values(graph.updates));
  const bytes = graph.nodes.map(({ op, shape }, id) =>
    leaves.has(op) || updates.has(id) ? 0 : floatBytes * sizeOf(numericShape(shape, 'an estimate of memory')),
  );
  const freed = valuesFreedAfter(graph);
  let [live, most] = [0, 0];
  graph.nodes.forEach((_node, id) => {
    live += bytes[id]!;
    most = Math.max(most, live);
    for (const value of freed[id]!) live -= bytes[value]!;
  });
  return most;
}

/** For each node the values that nobody needs once it has run. What is handed out is needed to the end. */
function valuesFreedAfter({ nodes, outputs }: Graph): readonly (readonly number[])[] {
  const kept = new Set(Object.values(outputs));
  const lastUse = nodes.map((_node, id) => id);
  nodes.forEach(({ inputs }, id) => {
    for (const input of inputs) lastUse[input] = id;
  });
  const freed: number[][] = nodes.map(() => []);
  lastUse.forEach((user, value) => {
    if (!kept.has(value)) freed[user]!.push(value);
  });
  return freed;
}
