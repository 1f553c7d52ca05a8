/**
 * The convolutions of a model that may calculate in int8: those with a kernel that is known beforehand, in one group, over an
 * image's values. Transposed ones stay float32.
 */
import type { GraphProto, NodeProto } from '../generated/index.js';
import { type FixedFloats, FixedValues } from './fixed-floats.js';

export interface Convolution {
  readonly node: NodeProto;
  /** Its name: that of its result. */
  readonly output: string;
  /** What goes in, before a mirrored border. */
  readonly input: string;
  /** The mirrored border around it, as a node of its own. */
  readonly mirror: NodeProto | undefined;
  /** `[out, in, h, w]` */
  readonly kernel: FixedFloats;
  readonly bias: FixedFloats | undefined;
  /** Whether it puts zeros around the image. */
  readonly hasZeros: boolean;
  /** Whether all that reads it is an instance normalisation: what is added to a channel cancels there. */
  readonly isNormalised: boolean;
}

export function convolutionsOf(graph: GraphProto): readonly Convolution[] {
  const fixed = new FixedValues(graph);
  const made = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)));
  const handedOut = new Set(graph.output.map(({ name }) => name));
  return graph.node.flatMap(node => {
    const kernel = node.opType === 'Conv' && !node.domain ? fixed.floats(node.input[1]!) : undefined;
    const bias = node.input[2] ? fixed.floats(node.input[2]) : undefined;
    if (kernel?.dims.length !== 4 || (node.input[2] && !bias)) return [];
    if (fixed.floats(node.input[0]!) || !isPlain(node)) return [];
    const before = made.get(node.input[0]!);
    const mirror = before && isMirror(before) ? before : undefined;
    const output = node.output[0]!;
    return [
      {
        ...{ node, output, input: mirror?.input[0] ?? node.input[0]!, mirror, kernel, bias },
        hasZeros: ints(node, 'pads').some(cells => cells !== 0),
        isNormalised: !handedOut.has(output) && isNormalised(graph, output),
      },
    ];
  });
}

/** In one group, with borders that are written down. */
function isPlain(node: NodeProto): boolean {
  const group = node.attribute.find(({ name }) => name === 'group')?.i ?? 1n;
  const border = text(node, 'auto_pad');
  return group === 1n && (border === undefined || border === 'NOTSET');
}

function isMirror(node: NodeProto): boolean {
  return node.opType === 'Pad' && text(node, 'mode') === 'reflect' && node.input.length === 2;
}

function isNormalised(graph: GraphProto, name: string): boolean {
  const readers = graph.node.filter(({ input }) => input.includes(name));
  return readers.length > 0 && readers.every(({ opType }) => opType === 'InstanceNormalization');
}

function ints(node: NodeProto, wanted: string): readonly number[] {
  return (node.attribute.find(({ name }) => name === wanted)?.ints ?? []).map(Number);
}

function text(node: NodeProto, wanted: string): string | undefined {
  const found = node.attribute.find(({ name }) => name === wanted)?.s;
  return found && new TextDecoder().decode(found);
}
