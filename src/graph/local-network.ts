/**
 * A network of one image, seen as local operations with statistics of whole images between them: means and variances of
 * channels, as normalisation and attention to channels take them. Between two of these, any part of a value can be had from
 * a part of what it is computed from. Levels say in which order: a value of level k needs statistics of k kinds of
 * value, each of which needs those before it.
 *
 * Batch, height and width are numbers, and the batch is 1.
 */
import { numericShape, sizeOf } from './dimension.js';
import type { Graph, Node, NodeId } from './graph.js';
import { localPatternAt } from './local-patterns.js';
import { type LocalRule, localRuleOf, NotLocalError, planeOfNode } from './local-rules.js';

/** A node that sees a whole image, by the moments of some value's channels alone. */
export interface StatisticNode {
  readonly id: NodeId;
  /** `normalise`: the value, each channel less its mean and divided by its deviation. The others: one number a channel. */
  readonly kind: 'normalise' | 'mean' | 'sum';
  /** Whose moments count. */
  readonly of: NodeId;
  /** Channels whose moments are taken together. Their number is the channels' where each is by itself. */
  readonly groups: number;
  readonly channels: number;
  readonly epsilon: number;
}

export class LocalNetwork {
  readonly graph: Graph;
  readonly input: NodeId;
  readonly output: NodeId;
  /** Those that the output needs, in the order of the graph. */
  readonly statistics: readonly StatisticNode[];
  readonly #rules = new Map<NodeId, LocalRule | StatisticNode>();
  readonly #levels = new Map<NodeId, number>();
  /** Depends on the image otherwise than by statistics that were reduced to numbers. */
  readonly #spatial: readonly boolean[];
  readonly #varying: readonly boolean[];

  /** @throws NotLocalError with the reason, as the end of a sentence */
  constructor(graph: Graph) {
    const [input, ...others] = Object.values(graph.inputs);
    const [output, ...further] = Object.values(graph.outputs);
    if (input === undefined || output === undefined || others.length + further.length > 0)
      throw new NotLocalError('it has several inputs or outputs');
    this.graph = graph;
    this.input = input;
    this.output = output;
    this.#varying = dependsOn(graph, input);
    this.#spatial = graph.nodes.map((node, id) => this.#varying[id]! && isImage(node));
    planeOfNode(graph.nodes[input]!);
    planeOfNode(graph.nodes[output]!);
    this.#visit(output);
    const found = [...this.#rules.values()].filter(rule => 'kind' in rule);
    this.statistics = found.sort((a, b) => a.id - b.id);
  }

  /** How a value is computed; undefined for the input and for what is the same in all places. */
  rule(id: NodeId): LocalRule | StatisticNode | undefined {
    return this.#rules.get(id);
  }

  /** Kinds of statistics that must be known before any part of the value can be. */
  level(id: NodeId): number {
    return this.#levels.get(id) ?? 0;
  }

  /** Every value of the image that the output needs, in the order of the graph. */
  get values(): readonly NodeId[] {
    return [...this.#rules.keys()].sort((a, b) => a - b);
  }

  /** The values that a value is computed from directly. */
  sourcesOf(id: NodeId): readonly NodeId[] {
    const rule = this.#rules.get(id);
    if (!rule) return [];
    return 'kind' in rule ? [rule.of] : [...rule.from, ...this.#reduced(id)];
  }

  /** Rows and columns. */
  planeOf(id: NodeId): readonly [number, number] {
    return planeOfNode(this.graph.nodes[id]!);
  }

  channelsOf(id: NodeId): number {
    return numericShape(this.graph.nodes[id]!.shape, 'A value')[1]!;
  }

  /** Means and sums that a value takes beside parts of others. */
  #reduced(id: NodeId): NodeId[] {
    return this.graph.nodes[id]!.inputs.flatMap(input => this.#statisticsBehind(input));
  }

  #statisticsBehind(id: NodeId): NodeId[] {
    if (!this.#varying[id] || this.#spatial[id]) return [];
    const rule = this.#rules.get(id);
    if (rule && 'kind' in rule) return [id];
    return this.graph.nodes[id]!.inputs.flatMap(input => this.#statisticsBehind(input));
  }

  #visit(id: NodeId): void {
    if (id === this.input || this.#rules.has(id) || !this.#varying[id]) return;
    const rule = statisticAt(this.graph, id) ?? (this.#spatial[id] ? this.#localRule(id) : undefined);
    if (!rule) {
      // Numbers made of numbers: whatever makes them works on whole values.
      for (const input of this.graph.nodes[id]!.inputs) this.#visitNumber(input);
      return;
    }
    this.#rules.set(id, rule);
    if ('kind' in rule) this.#visit(rule.of);
    else
      for (const input of [...rule.from, ...this.graph.nodes[id]!.inputs.filter(i => !this.#spatial[i])])
        this.#visit(input);
    this.#levels.set(id, this.#levelOf(id, rule));
  }

  #visitNumber(id: NodeId): void {
    if (this.#spatial[id])
      throw new NotLocalError(`its operation ${this.graph.nodes[id]!.op} makes numbers of an image`);
    this.#visit(id);
  }

  #levelOf(id: NodeId, rule: LocalRule | StatisticNode): number {
    const below = Math.max(0, ...this.sourcesOf(id).map(source => this.level(source)));
    return 'kind' in rule ? below + 1 : below;
  }

  #localRule(id: NodeId): LocalRule {
    return localPatternAt(this.graph, id) ?? localRuleOf(this.graph, id, from => this.#spatial[from]!);
  }
}

function dependsOn({ nodes }: Graph, input: NodeId): boolean[] {
  const varying: boolean[] = [];
  for (const [id, { inputs }] of nodes.entries()) varying.push(id === input || inputs.some(one => varying[one]!));
  return varying;
}

/** Values with more than one cell. What has one cell is a number for each channel, wherever it comes from. */
function isImage({ shape }: Node): boolean {
  const sizes = numericShape(shape, 'A network in parts');
  return !(sizes.length === 4 && sizes[2] === 1 && sizes[3] === 1) && sizeOf(sizes) > (sizes[1] ?? 1);
}

/** The node where it is a statistic of a whole image. */
function statisticAt(graph: Graph, id: NodeId): StatisticNode | undefined {
  const node = graph.nodes[id]!;
  if (node.op === 'instanceNorm') return normalisation(graph, id, id, node.inputs[0]!);
  if (node.op === 'mean' || node.op === 'sum') {
    const axes = node.attributes.axes.filter(axis => axis !== 0);
    if (`${axes}` !== '2,3') return undefined;
    const channels = planesAndChannels(graph, node.inputs[0]!);
    return { id, kind: node.op, of: node.inputs[0]!, channels, groups: channels, epsilon: 0 };
  }
  const inner = node.op === 'reshape' ? graph.nodes[node.inputs[0]!]! : undefined;
  if (inner?.op !== 'instanceNorm') return undefined;
  const grouped = graph.nodes[inner.inputs[0]!]!;
  if (grouped.op !== 'reshape' || `${graph.nodes[grouped.inputs[0]!]!.shape}` !== `${node.shape}`) return undefined;
  return normalisation(graph, id, node.inputs[0]!, grouped.inputs[0]!);
}

/** @param norm the node that normalises, whose second axis has the groups */
function normalisation(graph: Graph, id: NodeId, norm: NodeId, of: NodeId): StatisticNode {
  const channels = planesAndChannels(graph, of);
  const node = graph.nodes[norm] as Node<'instanceNorm'>;
  const groups = numericShape(node.shape, 'A normalisation')[1]!;
  return { id, kind: 'normalise', of, channels, groups, epsilon: node.attributes.epsilon };
}

function planesAndChannels({ nodes }: Graph, id: NodeId): number {
  planeOfNode(nodes[id]!);
  return numericShape(nodes[id]!.shape, 'A normalisation')[1]!;
}
