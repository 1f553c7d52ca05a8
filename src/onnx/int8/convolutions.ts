/**
 * The convolutions of a model that may calculate in int8: those with a kernel that is known beforehand, in one group, over an
 * image's values. Transposed ones stay float32.
 */
import type { GraphProto, NodeProto } from '../generated/index.js';
import { type FixedFloats, FixedValues } from './fixed-floats.js';

/** Cells above, left of, below and right of an image. */
export type Border = readonly [number, number, number, number];

export interface Mirror {
  readonly node: NodeProto;
  readonly border: Border;
}

export interface Convolution {
  readonly node: NodeProto;
  /** Its name: that of its result. */
  readonly output: string;
  /** What goes in, before a mirrored border. */
  readonly input: string;
  /** The mirrored border around it, as a node of its own. */
  readonly mirror: Mirror | undefined;
  /** `[out, in, h, w]` */
  readonly kernel: FixedFloats;
  readonly bias: FixedFloats | undefined;
  /** Zeros that it puts around the image itself. */
  readonly zeros: Border;
  /** Vertical, horizontal. */
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Whether all that reads it is an instance normalisation: what is added to a channel cancels there. */
  readonly isNormalised: boolean;
}

export function hasZeros({ zeros }: Pick<Convolution, 'zeros'>): boolean {
  return zeros.some(cells => cells !== 0);
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
    const mirror = before && mirrorOf(before, fixed);
    const output = node.output[0]!;
    const list = <T extends readonly number[]>(name: string, otherwise: T) =>
      (ints(node, name) as T | undefined) ?? otherwise;
    return [
      {
        ...{ node, output, input: mirror?.node.input[0] ?? node.input[0]!, mirror, kernel, bias },
        zeros: list<Border>('pads', [0, 0, 0, 0]),
        strides: list<readonly [number, number]>('strides', [1, 1]),
        dilations: list<readonly [number, number]>('dilations', [1, 1]),
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

/** Of as many cells as the file says, around rows and columns only. */
function mirrorOf(node: NodeProto, fixed: FixedValues): Mirror | undefined {
  if (node.opType !== 'Pad' || text(node, 'mode') !== 'reflect' || node.input.length !== 2) return undefined;
  const cells = fixed.integers(node.input[1]!);
  if (cells?.length !== 8 || [0, 1, 4, 5].some(at => cells[at] !== 0)) return undefined;
  const [, , top, left, , , bottom, right] = cells as [number, number, number, number, number, number, number, number];
  return { node, border: [top, left, bottom, right] };
}

function isNormalised(graph: GraphProto, name: string): boolean {
  const readers = graph.node.filter(({ input }) => input.includes(name));
  return readers.length > 0 && readers.every(({ opType }) => opType === 'InstanceNormalization');
}

function ints(node: NodeProto, wanted: string): readonly number[] | undefined {
  return node.attribute.find(({ name }) => name === wanted)?.ints.map(Number);
}

function text(node: NodeProto, wanted: string): string | undefined {
  const found = node.attribute.find(({ name }) => name === wanted)?.s;
  return found && new TextDecoder().decode(found);
}
