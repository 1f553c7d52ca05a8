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
  /** What is kept has room in memory up to here. Where it has not, what is quickly computed again is not kept. Default: it has room. */
  readonly roomBytes?: number | undefined;
}

/**
 * Up to so many multiplications for each byte, a value is rather computed again in the passes that read it than written to a
 * file and read. Measured at 100 megapixels through a generator of width 8: about 0.1 ns for each multiplication, 2.5 to 3 ns for a
 * byte to a file and back; somewhat more, since disk is saved as well.
 */
const dearerThanByte = 40;

/** The last of them computes the output alone. */
export function planPasses(network: LocalNetwork, { keep, roomBytes }: PassOptions): readonly Pass[] {
  const passes = passesWith(network, keep ? 0 : Number.POSITIVE_INFINITY);
  const hasRoom = roomBytes === undefined || keptBytes(network, passes) <= roomBytes;
  return hasRoom ? passes : passesWith(network, dearerThanByte);
}

/** The most that lies between two passes. */
export function keptBytes(network: LocalNetwork, passes: readonly Pass[]): number {
  const live = passes.map(({ sources, kept }) =>
    [...new Set([...sources, ...kept])].filter(id => id !== network.input),
  );
  return Math.max(0, ...live.map(ids => ids.reduce((sum, id) => sum + bytesOf(network, id), 0)));
}

function bytesOf(network: LocalNetwork, id: NodeId): number {
  const [rows, columns] = network.planeOf(id);
  return 4 * network.channelsOf(id) * rows * columns;
}

/** @param recomputed values that cost less than so many multiplications a byte are not kept */
function passesWith(network: LocalNetwork, recomputed: number): readonly Pass[] {
  const passes: Pass[] = [];
  let live: readonly NodeId[] = [];
  for (let level = 1; level <= network.level(network.output); level++) {
    const next = keptAt(network, level, live, recomputed);
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

/**
 * What is at hand from the next level on: what it needs, or, of what is computed again, what that is computed from. It is computed
 * again only where that takes no more room than the value: the sum behind a block, say, would keep all blocks before it.
 */
function keptAt(network: LocalNetwork, level: number, live: readonly NodeId[], recomputed: number): NodeId[] {
  if (recomputed === Number.POSITIVE_INFINITY) return [];
  const sources = new Set([network.input, ...live]);
  const room = (ids: readonly NodeId[]) =>
    ids.reduce((sum, id) => sum + (id === network.input ? 0 : bytesOf(network, id)), 0);
  const keptFor = (id: NodeId): readonly NodeId[] => {
    if (recomputed === 0 || sources.has(id)) return [id];
    const from = sourcesOf(network, id, sources);
    const isDear = costOf(network, { sources, targets: [id] }) >= recomputed * bytesOf(network, id);
    return isDear || room(from) > bytesOf(network, id) ? [id] : from;
  };
  return [...new Set(livingAt(network, level).flatMap(keptFor))].filter(id => id !== network.input);
}

/** Which of `sources` a value is computed from. */
function sourcesOf(network: LocalNetwork, id: NodeId, sources: ReadonlySet<NodeId>): NodeId[] {
  const found = new Set<NodeId>();
  const seen = new Set<NodeId>();
  const visit = (at: NodeId): void => {
    if (seen.has(at)) return;
    seen.add(at);
    if (sources.has(at)) return void found.add(at);
    const rule = network.rule(at);
    if (!rule) return;
    for (const from of 'kind' in rule ? [rule.of] : rule.from) visit(from);
  };
  visit(id);
  return [...found];
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
export function costOf(network: LocalNetwork, { sources, targets }: Pick<Pass, 'sources' | 'targets'>): number {
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
