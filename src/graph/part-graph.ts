/**
 * Parts of a network as graphs of their own: from regions of values that are at hand to regions of values that are wanted, with
 * the statistics of the whole image as constants. A normalisation whose statistics are known is one factor and one summand
 * per channel.
 */
import { CycleboxError } from '../base/index.js';
import { GraphBuilder } from './builder.js';
import { numericShape } from './dimension.js';
import { add, mul, reshape, slice } from './functions.js';
import type { Graph, Node, NodeId } from './graph.js';
import type { LocalNetwork, StatisticNode } from './local-network.js';
import type { LocalRule, PartBuilder } from './local-rules.js';
import { hullOf, lengthOf, type PlaneAxis, type Region } from './region.js';
import type { Tensor } from './tensor.js';

/** Of one value, over the whole image. */
export interface ChannelMoments {
  /** Cells of a channel. */
  readonly count: number;
  /** Per channel. */
  readonly means: Float64Array;
  /** Per channel, biased. */
  readonly variances: Float64Array;
}

export interface Part {
  /** Inputs are named by `inputName`, outputs by `outputName`: a value may be both. */
  readonly graph: Graph;
  /** What has to be handed in. */
  readonly reads: ReadonlyMap<NodeId, Region>;
}

export const inputName = (id: NodeId): string => `value_${id}`;
export const outputName = (id: NodeId): string => `wanted_${id}`;

export interface PartRequest {
  /** Values that are at hand, the network's input among them. */
  readonly sources: ReadonlySet<NodeId>;
  /** By the value whose moments they are. */
  readonly moments: ReadonlyMap<NodeId, ChannelMoments>;
  /** What is wanted. */
  readonly targets: ReadonlyMap<NodeId, Region>;
}

/** @throws CycleboxError GRAPH_INVALID where a statistic is needed that is not known */
export function buildPart(network: LocalNetwork, request: PartRequest): Part {
  const needed = regionsNeeded(network, request);
  const builder = new GraphBuilder();
  const emitter = new PartEmitter(network, request.moments, builder);
  const reads = new Map<NodeId, Region>();
  for (const id of [...needed.keys()].sort((a, b) => a - b)) {
    const region = needed.get(id)!;
    if (request.sources.has(id)) {
      reads.set(id, region);
      const sizes = [1, network.channelsOf(id), lengthOf(region[0]), lengthOf(region[1])];
      emitter.put(id, region, builder.input(inputName(id), sizes));
    } else emitter.emit(id, region);
  }
  for (const [id, region] of request.targets) builder.output(outputName(id), emitter.part(id, region));
  return { graph: builder.build(), reads };
}

/** Of every value between sources and targets, the region that is computed or read. */
function regionsNeeded(network: LocalNetwork, { sources, targets }: PartRequest): Map<NodeId, Region> {
  const needed = new Map<NodeId, Region>(targets);
  const last = Math.max(...targets.keys());
  for (let id = last; id >= 0; id--) {
    const region = needed.get(id);
    if (!region || sources.has(id)) continue;
    const rule = network.rule(id);
    if (!rule) throw new CycleboxError('GRAPH_INVALID', `The value ${id} is neither at hand nor computed.`);
    for (const from of readBy(rule))
      needed.set(from, hullOf(needed.get(from), readRegion(network, rule, from, region)));
  }
  return needed;
}

function readBy(rule: LocalRule | StatisticNode): readonly NodeId[] {
  return 'kind' in rule ? [rule.of] : rule.from;
}

function readRegion(network: LocalNetwork, rule: LocalRule | StatisticNode, from: NodeId, region: Region): Region {
  if ('kind' in rule) return region;
  const plane = network.planeOf(from);
  const along = (axis: PlaneAxis) => rule.needs(region[axis], axis, plane[axis]);
  return [along(0), along(1)];
}

interface Held {
  readonly region: Region;
  readonly tensor: Tensor;
}

class PartEmitter implements PartBuilder {
  readonly #network: LocalNetwork;
  readonly #moments: ReadonlyMap<NodeId, ChannelMoments>;
  readonly #builder: GraphBuilder;
  readonly #held = new Map<NodeId, Held>();
  readonly #fixed = new Map<NodeId, Tensor>();

  constructor(network: LocalNetwork, moments: ReadonlyMap<NodeId, ChannelMoments>, builder: GraphBuilder) {
    this.#network = network;
    this.#moments = moments;
    this.#builder = builder;
  }

  put(id: NodeId, region: Region, tensor: Tensor): void {
    this.#held.set(id, { region, tensor });
  }

  emit(id: NodeId, region: Region): void {
    const rule = this.#network.rule(id)!;
    const inputs = readBy(rule).map(from => this.part(from, readRegion(this.#network, rule, from, region)));
    this.put(id, region, 'kind' in rule ? this.#normalised(rule, inputs[0]!) : rule.emit(inputs, region, this));
  }

  /** A region of what is held. */
  part(id: NodeId, region: Region): Tensor {
    const { region: held, tensor } = this.#held.get(id)!;
    const [, channels] = numericShape(tensor.shape, 'A part of a network');
    const [top, left] = [region[0][0] - held[0][0], region[1][0] - held[1][0]];
    return slice(tensor, [0, 0, top, left], [1, channels!, top + lengthOf(region[0]), left + lengthOf(region[1])]);
  }

  planeOf(id: NodeId): readonly [number, number] {
    return this.#network.planeOf(id);
  }

  fixed(id: NodeId): Tensor {
    const known = this.#fixed.get(id);
    if (known) return known;
    const made = this.#fixedNow(id);
    this.#fixed.set(id, made);
    return made;
  }

  fixedAt(id: NodeId, region: Region): Tensor {
    const whole = this.fixed(id);
    const sizes = numericShape(whole.shape, 'A part of a network');
    const rank = sizes.length;
    const [starts, stops] = [sizes.map(() => 0), [...sizes]];
    for (const axis of [0, 1] as const) {
      const at = rank - 2 + axis;
      if (at < 0 || sizes[at] === 1) continue;
      [starts[at], stops[at]] = region[axis];
    }
    return slice(whole, starts, stops);
  }

  #fixedNow(id: NodeId): Tensor {
    const node = this.#network.graph.nodes[id]!;
    const rule = this.#network.rule(id);
    if (rule && 'kind' in rule) return this.#reduced(rule);
    if (node.op === 'constant')
      return this.#builder.constant(node.attributes.data, numericShape(node.shape, 'A constant'));
    const inputs = node.inputs.map(input => this.fixed(input));
    return this.#builder.emit(node.op, inputs, node.attributes as never);
  }

  #reduced({ id, kind, of }: StatisticNode): Tensor {
    const { means, count } = this.#momentsOf(of);
    const values = Float32Array.from(means, mean => (kind === 'sum' ? mean * count : mean));
    const node: Node = this.#network.graph.nodes[id]!;
    return reshape(this.#builder.constant(values, [values.length]), node.shape);
  }

  /** `x · r - mean · r`, with r = 1/sqrt(variance + epsilon): in float64 until it is a constant. */
  #normalised({ of, groups, epsilon }: StatisticNode, x: Tensor): Tensor {
    const { means, variances } = inGroups(this.#momentsOf(of), groups);
    const factors = variances.map(variance => 1 / Math.sqrt(variance + epsilon));
    const perChannel = (values: Float64Array) =>
      this.#builder.constant(Float32Array.from(values), [1, values.length, 1, 1]);
    const summands = means.map((mean, channel) => -mean * factors[channel]!);
    return add(mul(x, perChannel(factors)), perChannel(summands));
  }

  #momentsOf(of: NodeId): ChannelMoments {
    const moments = this.#moments.get(of);
    if (moments) return moments;
    throw new CycleboxError('GRAPH_INVALID', `The moments of the value ${of} are not known yet.`);
  }
}

/** Every channel gets the moments of its group, of all of whose cells they are. */
export function inGroups(moments: ChannelMoments, groups: number): Pick<ChannelMoments, 'means' | 'variances'> {
  const channels = moments.means.length;
  if (groups === channels) return moments;
  const each = channels / groups;
  const means = new Float64Array(channels);
  const variances = new Float64Array(channels);
  for (let first = 0; first < channels; first += each) {
    const of = (values: Float64Array) => values.subarray(first, first + each);
    const average = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / each;
    const mean = average(of(moments.means));
    const between = average(of(moments.means).map(value => (value - mean) ** 2));
    means.fill(mean, first, first + each);
    variances.fill(average(of(moments.variances)) + between, first, first + each);
  }
  return { means, variances };
}
