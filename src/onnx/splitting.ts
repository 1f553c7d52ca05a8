/**
 * Parts of a value by Split: one operation where slices would be one for each part. For WebGPU, where starting an operation
 * costs more than what most of them compute.
 */
import type { Graph, NodeId } from '../graph/index.js';
import type { OnnxEmitter, ValueName } from './emitter.js';
import type { LoweringContext } from './lowering-context.js';

/** WebGPU promises eight buffers to an operation; one is read. */
const mostParts = 7;

/** The parts of these sizes along an axis, which they fill. Many are split in two steps or more. */
export function splitInto(
  emitter: OnnxEmitter,
  x: ValueName,
  axis: number,
  sizes: readonly number[],
): readonly ValueName[] {
  if (sizes.length === 1) return [x];
  return emitter.sharedOf(`parts of ${x} along ${axis}: ${sizes}`, () => {
    if (sizes.length <= mostParts) return split(emitter, x, axis, sizes);
    const groups = inGroups(sizes, Math.ceil(sizes.length / mostParts));
    const totals = groups.map(group => group.reduce((total, size) => total + size));
    const wholes = splitInto(emitter, x, axis, totals);
    return groups.flatMap((group, index) => splitInto(emitter, wholes[index]!, axis, group));
  });
}

function split(emitter: OnnxEmitter, x: ValueName, axis: number, sizes: readonly number[]): readonly ValueName[] {
  return emitter.nodeOf(
    'Split',
    [x, emitter.integers(sizes)],
    { axis },
    sizes.map(() => true),
  );
}

function inGroups(sizes: readonly number[], length: number): number[][] {
  const count = Math.ceil(sizes.length / length);
  return Array.from({ length: count }, (_, index) => sizes.slice(index * length, (index + 1) * length));
}

/** A slice as one of the parts that its value is cut into; undefined where the graph's slices of it are no such parts. */
export function lowerAsPart({
  emitter,
  graph,
  id,
  inputs,
  inputNodes,
}: LoweringContext<'slice'>): ValueName | undefined {
  const cut = cutOf(graph, inputNodes[0]!);
  if (!cut) return undefined;
  return splitInto(emitter, inputs[0]!, cut.axis, cut.sizes)[cut.slices.indexOf(id)];
}

interface Cut {
  readonly axis: number;
  readonly sizes: readonly number[];
  /** The slices, in the order of their parts. */
  readonly slices: readonly NodeId[];
}

interface Span {
  readonly id: NodeId;
  readonly axis: number;
  readonly start: number;
  readonly stop: number;
}

/** What the slices of a value make of it, if they are two or more that fill one axis without a gap. */
function cutOf(graph: Graph, source: NodeId): Cut | undefined {
  const spans = spansOf(graph, source);
  const first = spans?.[0];
  if (!spans || !first || spans.length < 2) return undefined;
  const size = graph.nodes[source]!.shape[first.axis];
  const isFilled = spans.every(
    ({ axis, start, stop }, index) => axis === first.axis && start === (spans[index - 1]?.stop ?? 0) && stop > start,
  );
  if (!isFilled || spans.at(-1)!.stop !== size) return undefined;
  return {
    axis: first.axis,
    sizes: spans.map(({ start, stop }) => stop - start),
    slices: spans.map(({ id }) => id),
  };
}

/** By where they start; undefined where one takes less than all of two axes, or leaves values out between others. */
function spansOf({ nodes }: Graph, source: NodeId): readonly Span[] | undefined {
  const whole = nodes[source]!.shape;
  const spans: Span[] = [];
  for (const [id, node] of nodes.entries()) {
    if (node.op !== 'slice' || node.inputs[0] !== source) continue;
    const { starts, stops, steps } = node.attributes;
    const axes = starts.flatMap((start, axis) => (start !== 0 || stops[axis] !== whole[axis] ? [axis] : []));
    if (axes.length !== 1 || steps.some(step => step !== 1)) return undefined;
    const axis = axes[0]!;
    spans.push({ id, axis, start: starts[axis]!, stop: stops[axis]! });
  }
  return spans.sort((a, b) => a.start - b.start);
}
