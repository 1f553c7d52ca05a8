/**
 * In which passes over an image a network is computed, so that each pass knows the statistics of the whole image that it
 * needs: one for each level of statistics, and one for the result. What a pass leaves for later ones is as little as they can
 * go on from; or nothing, and they begin again with the image.
 */
import {
  buildPart,
  type ChannelMoments,
  type Graph,
  type LocalNetwork,
  type NodeId,
  numericShape,
  type Region,
  sizeOf,
} from '../graph/index.js';

export interface Pass {
  /** Values that are at hand. */
  readonly sources: ReadonlySet<NodeId>;
  /** What it computes over the whole image. */
  readonly targets: readonly NodeId[];
  /** Of these, whose moments are taken. */
  readonly measured: readonly NodeId[];
  /** Of these, which are kept for later passes. */
  readonly kept: readonly NodeId[];
  /** Kept by earlier passes, and of no use after this one. */
  readonly done: readonly NodeId[];
}

export interface PassOptions {
  /** False: later passes compute again what earlier ones had. */
  readonly keep: boolean;
}

/** The last of them computes the output alone. */
export function planPasses(network: LocalNetwork, { keep }: PassOptions): readonly Pass[] {
  const passes: Pass[] = [];
  let live: readonly NodeId[] = [];
  for (let level = 1; level <= network.level(network.output); level++) {
    const next = keep ? livingAt(network, level) : [];
    const measured = measuredAt(network, level);
    const kept = next.filter(id => !live.includes(id));
    passes.push({
      sources: new Set([network.input, ...live]),
      targets: [...new Set([...kept, ...measured])],
      measured,
      kept,
      done: live.filter(id => !next.includes(id)),
    });
    live = next;
  }
  passes.push(lastPass(network, live));
  return passes;
}

/** All statistics are known: from what is at hand to the output. */
export function lastPass(network: LocalNetwork, live: readonly NodeId[] = []): Pass {
  const sources = new Set([network.input, ...live]);
  return { sources, targets: [network.output], measured: [], kept: [], done: live };
}

function measuredAt(network: LocalNetwork, level: number): NodeId[] {
  return [...new Set(network.statistics.filter(({ id }) => network.level(id) === level).map(({ of }) => of))];
}

/** Values that do not need the statistics of this level, and that others are computed from which do. */
function livingAt(network: LocalNetwork, level: number): NodeId[] {
  const living = new Set<NodeId>();
  for (const id of network.values) {
    const rule = network.rule(id)!;
    if (network.level(id) < level) continue;
    // Of what is only averaged nothing is left but numbers.
    if ('kind' in rule && rule.kind !== 'normalise') continue;
    for (const source of 'kind' in rule ? [rule.of] : rule.from)
      if (source !== network.input && network.level(source) < level) living.add(source);
  }
  return [...living];
}

/** The whole of a value. */
export function wholeOf(network: LocalNetwork, id: NodeId): Region {
  const [rows, columns] = network.planeOf(id);
  return [
    [0, rows],
    [0, columns],
  ];
}

/** Where only shapes count. */
export function anyMoments(network: LocalNetwork): ReadonlyMap<NodeId, ChannelMoments> {
  return new Map(
    network.statistics.map(({ of, channels }) => [
      of,
      { count: 1, means: new Float64Array(channels), variances: new Float64Array(channels) },
    ]),
  );
}

/** Multiplications and additions of a pass over the whole image, about. */
export function costOf(network: LocalNetwork, { sources, targets }: Pass): number {
  const wanted = new Map(targets.map(id => [id, wholeOf(network, id)]));
  return costOfGraph(buildPart(network, { sources, moments: anyMoments(network), targets: wanted }).graph);
}

export function costOfGraph({ nodes }: Graph): number {
  let cost = 0;
  for (const { op, inputs, shape } of nodes) {
    const cells = sizeOf(numericShape(shape, 'A part of a network'));
    if (op === 'constant' || op === 'input') continue;
    const kernel =
      op === 'conv2d' || op === 'conv2dInputGrad' ? numericShape(nodes[inputs[1]!]!.shape, 'A kernel') : [];
    if (op === 'conv2d') cost += cells * kernel[1]! * kernel[2]! * kernel[3]!;
    else if (op === 'conv2dInputGrad')
      cost += sizeOf(numericShape(nodes[inputs[0]!]!.shape, 'A part')) * kernel[1]! * kernel[2]! * kernel[3]!;
    else cost += cells;
  }
  return cost;
}

/** Bytes of the values that a run of the graph holds at most at a time, its inputs among them. */
export function peakBytes({ nodes, outputs }: Graph): number {
  const lastUse = new Map<NodeId, number>();
  nodes.forEach((node, id) => {
    for (const input of node.inputs) lastUse.set(input, id);
  });
  for (const id of Object.values(outputs)) lastUse.set(id, nodes.length);
  const bytesAt = (id: NodeId) =>
    nodes[id]!.op === 'constant' ? 0 : 4 * sizeOf(numericShape(nodes[id]!.shape, 'A part'));
  let [held, peak] = [0, 0];
  nodes.forEach((node, id) => {
    held += bytesAt(id);
    peak = Math.max(peak, held);
    for (const input of new Set(node.inputs)) if (lastUse.get(input) === id) held -= bytesAt(input);
  });
  return peak;
}
