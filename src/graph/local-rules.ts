/**
 * For operations whose results at a place depend on their inputs near it alone: what they read for a part of their result, and
 * how that part is computed from what they read. Both axes of the plane are independent of each other. Exactly what the
 * operation on the whole image would have given comes out, its paddings at the image's edges included.
 */
import { numericShape } from './dimension.js';
import { broadcast, concat, conv2d, conv2dInputGrad, pad, reflectPad, slice } from './functions.js';
import type { Graph, Node, NodeId } from './graph.js';
import type { Padding, Stride } from './operations.js';
import { clipped, lengthOf, type PlaneAxis, type Region, type Span } from './region.js';
import type { Tensor } from './tensor.js';

export interface LocalRule {
  /** The values of the image that are read; what else an operation takes is the same everywhere. */
  readonly from: readonly NodeId[];
  /** What is read of a plane of `size` cells for a span of the result. */
  readonly needs: (span: Span, axis: PlaneAxis, size: number) => Span;
  /** The region of the result. @param inputs of `from`, each of the region that `needs` says */
  readonly emit: (inputs: readonly Tensor[], region: Region, builder: PartBuilder) => Tensor;
}

/** What rules need of the part that is being built. */
export interface PartBuilder {
  /** A value that is the same for all parts, as a whole. */
  fixed(id: NodeId): Tensor;
  /** The same, cut to the region where it has a plane. */
  fixedAt(id: NodeId, region: Region): Tensor;
  /** Rows and columns of a value of the whole image. */
  planeOf(id: NodeId): readonly [number, number];
}

/** Why a network cannot be computed in parts: a sentence's end. */
export class NotLocalError extends Error {}

/** @param isSpatial whether a value differs from place to place of the image */
export function localRuleOf(graph: Graph, id: NodeId, isSpatial: (id: NodeId) => boolean): LocalRule {
  const node = graph.nodes[id]!;
  switch (node.op) {
    case 'conv2d':
      return convolution(graph, node, isSpatial);
    case 'conv2dInputGrad':
      return transposedConvolution(graph, node, isSpatial);
    case 'reflectPad':
      return reflection(graph, node);
    case 'pad':
      return zeroPadding(graph, node);
    case 'slice':
      return slicing(node);
    case 'concat':
      if (node.attributes.axis !== 1) throw new NotLocalError(`it lays images beside each other`);
      return pointwise(graph, node, isSpatial);
    case 'mean':
    case 'sum':
      if (node.attributes.axes.some(axis => axis > 1)) throw new NotLocalError(`it sums along one axis of the image`);
      return pointwise(graph, node, isSpatial);
    case 'broadcast':
      return spread(graph, node);
    case 'neg':
    case 'abs':
    case 'sign':
    case 'exp':
    case 'log':
    case 'sqrt':
    case 'tanh':
    case 'sigmoid':
    case 'softplus':
    case 'leakyRelu':
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return pointwise(graph, node, isSpatial);
    default:
      throw new NotLocalError(`its operation ${node.op} sees more than a neighbourhood`);
  }
}

/** Rows and columns of a value of one image. @throws NotLocalError for what is no image */
export function planeOfNode(node: Node): readonly [number, number] {
  const shape = numericShape(node.shape, 'A part of a network');
  if (shape.length !== 4 || shape[0] !== 1) throw new NotLocalError(`its operation ${node.op} makes no image`);
  return [shape[2]!, shape[3]!];
}

function pointwise({ nodes }: Graph, node: Node, isSpatial: (id: NodeId) => boolean): LocalRule {
  planeOfNode(node);
  const from = [...new Set(node.inputs.filter(isSpatial))];
  for (const id of from) planeOfNode(nodes[id]!);
  return {
    from,
    needs: (span, _, size) => (size === 1 ? [0, 1] : span),
    emit: (inputs, region, parts) => {
      const operands = node.inputs.map(id => {
        const at = from.indexOf(id);
        return at < 0 ? parts.fixedAt(id, region) : inputs[at]!;
      });
      return node.op === 'concat'
        ? concat(operands, 1)
        : inputs[0]!.builder.emit(node.op, operands, node.attributes as never);
    },
  };
}

function spread({ nodes }: Graph, node: Node<'broadcast'>): LocalRule {
  planeOfNode(node);
  const [channels] = numericShape([node.shape[1]!], 'broadcast');
  const from = node.inputs[0]!;
  planeOfNode(nodes[from]!);
  return {
    from: [from],
    needs: (span, _, size) => (size === 1 ? [0, 1] : span),
    emit: ([x], [rows, columns]) => broadcast(x!, [1, channels!, lengthOf(rows), lengthOf(columns)]),
  };
}

/** What a window reads: from `start` on, before what lies outside is cut off. */
function windowSpan([from, to]: Span, stride: number, padding: number, kernel: number): Span {
  return [from * stride - padding, (to - 1) * stride - padding + kernel];
}

function convolution({ nodes }: Graph, node: Node<'conv2d'>, isSpatial: (id: NodeId) => boolean): LocalRule {
  const [x, w] = node.inputs as [NodeId, NodeId];
  if (isSpatial(w)) throw new NotLocalError('it convolves an image with another');
  planeOfNode(nodes[x]!);
  const { stride, padding } = node.attributes;
  const kernel = numericShape(nodes[w]!.shape, 'A kernel').slice(2) as [number, number];
  const reads = (span: Span, axis: PlaneAxis) => windowSpan(span, stride[axis], padding[axis], kernel[axis]!);
  return {
    from: [x],
    needs: (span, axis, size) => clipped(reads(span, axis), size),
    emit: ([part], region, parts) => {
      const plane = parts.planeOf(x);
      const around = ([0, 1] as const).map(axis => outside(reads(region[axis], axis), plane[axis]));
      return conv2d(part!, parts.fixed(w), { stride, padding: paddingOf(around) });
    },
  };
}

/** Cells of `span` before 0 and behind `size`. */
function outside([from, to]: Span, size: number): Span {
  return [Math.max(0, -from), Math.max(0, to - size)];
}

/** From cells before and behind, by axis. */
function paddingOf([rows, columns]: readonly Span[]): Padding {
  return [rows![0], columns![0], rows![1], columns![1]];
}

function transposedConvolution(
  { nodes }: Graph,
  node: Node<'conv2dInputGrad'>,
  isSpatial: (id: NodeId) => boolean,
): LocalRule {
  const [x, w] = node.inputs as [NodeId, NodeId];
  if (isSpatial(w)) throw new NotLocalError('it convolves an image with another');
  planeOfNode(nodes[x]!);
  const { stride, padding } = node.attributes;
  const kernel = numericShape(nodes[w]!.shape, 'A kernel').slice(2) as [number, number];
  const needs = ([from, to]: Span, axis: PlaneAxis, size: number): Span => {
    const first = Math.ceil((from + padding[axis] - kernel[axis]! + 1) / stride[axis]);
    // A kernel shorter than its steps leaves gaps: then the cell before counts too.
    const begin = Math.min(first, Math.floor((from + padding[axis]) / stride[axis]));
    return clipped([begin, Math.floor((to - 1 + padding[axis]) / stride[axis]) + 1], size);
  };
  return {
    from: [x],
    needs,
    emit: ([part], region, parts) => {
      const plane = parts.planeOf(x);
      const cut = ([0, 1] as const).map(axis => {
        const [begin, end] = needs(region[axis], axis, plane[axis]);
        const start = begin * stride[axis] - padding[axis];
        const stop = (end - 1) * stride[axis] - padding[axis] + kernel[axis]!;
        return [Math.max(0, region[axis][0] - start), Math.max(0, stop - region[axis][1])] as const;
      });
      const size = [lengthOf(region[0]), lengthOf(region[1])] as const;
      return conv2dInputGrad(part!, parts.fixed(w), stride as Stride, paddingOf(cut), size);
    },
  };
}

/** Cells before and behind a plane, by axis. */
type Margins = readonly [Span, Span];

function reflection({ nodes }: Graph, node: Node<'reflectPad'>): LocalRule {
  const [top, left] = node.attributes.padding;
  const before = [top, left] as const;
  const from = node.inputs[0]!;
  planeOfNode(nodes[from]!);
  const shifted = ([start, stop]: Span, axis: PlaneAxis): Span => [start - before[axis], stop - before[axis]];
  const needs = (span: Span, axis: PlaneAxis, size: number): Span => {
    const [start, stop] = shifted(span, axis);
    const [first, last] = outside([start, stop], size);
    return [
      Math.max(0, Math.min(start, last > 0 ? size - 1 - last : start)),
      Math.min(size, Math.max(stop, first > 0 ? first + 1 : stop)),
    ];
  };
  return {
    from: [from],
    needs,
    emit: ([part], region, parts) => {
      const plane = parts.planeOf(from);
      const spans = ([0, 1] as const).map(axis => shifted(region[axis], axis)) as [Span, Span];
      const margins = ([0, 1] as const).map(axis => outside(spans[axis], plane[axis])) as unknown as Margins;
      const padded = reflectPad(part!, paddingOf(margins));
      return within(padded, spans, originOf(plane, needs, region, margins));
    },
  };
}

/** Where a padded part begins, in cells of the plane that was padded. */
function originOf(
  plane: readonly [number, number],
  needs: LocalRule['needs'],
  region: Region,
  margins: Margins,
): readonly [number, number] {
  return [0, 1].map(axis => {
    const at = axis as PlaneAxis;
    return needs(region[at], at, plane[at])[0] - margins[at][0];
  }) as unknown as readonly [number, number];
}

/** `spans` of a tensor whose first row and column are number `origin`. */
function within(x: Tensor, [rows, columns]: Region, [top, left]: readonly [number, number]): Tensor {
  const [, channels] = numericShape(x.shape, 'A part of a network');
  const [startRow, startColumn] = [rows[0] - top, columns[0] - left];
  return slice(
    x,
    [0, 0, startRow, startColumn],
    [1, channels!, startRow + lengthOf(rows), startColumn + lengthOf(columns)],
  );
}

function zeroPadding({ nodes }: Graph, node: Node<'pad'>): LocalRule {
  const { before, after } = node.attributes;
  const from = node.inputs[0]!;
  planeOfNode(nodes[from]!);
  if (before[0] !== 0 || after[0] !== 0) throw new NotLocalError('it adds images');
  const shifted = ([start, stop]: Span, axis: PlaneAxis): Span => [start - before[axis + 2]!, stop - before[axis + 2]!];
  const needs = (span: Span, axis: PlaneAxis, size: number) => clipped(shifted(span, axis), size);
  return {
    from: [from],
    needs,
    emit: ([part], region, parts) => {
      const plane = parts.planeOf(from);
      const spans = ([0, 1] as const).map(axis => shifted(region[axis], axis)) as [Span, Span];
      const margins = ([0, 1] as const).map(axis => outside(spans[axis], plane[axis])) as unknown as Margins;
      const padded = pad(
        part!,
        [0, before[1]!, margins[0][0], margins[1][0]],
        [0, after[1]!, margins[0][1], margins[1][1]],
      );
      return within(padded, spans, originOf(plane, needs, region, margins));
    },
  };
}

function slicing(node: Node<'slice'>): LocalRule {
  planeOfNode(node);
  const { starts, stops, steps } = node.attributes;
  return {
    from: [node.inputs[0]!],
    needs: ([from, to], axis) => {
      const [start, step] = [starts[axis + 2]!, steps[axis + 2]!];
      return [start + from * step, start + (to - 1) * step + 1];
    },
    emit: ([x]) => {
      const [, , rows, columns] = numericShape(x!.shape, 'A part of a network');
      return slice(x!, [0, starts[1]!, 0, 0], [1, stops[1]!, rows!, columns!], [1, steps[1]!, steps[2]!, steps[3]!]);
    },
  };
}
