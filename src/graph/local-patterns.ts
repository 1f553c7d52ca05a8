/**
 * What exporters of networks spell as several operations on more than four axes and is local all the same: repeated pixels,
 * channels spread over pixels, averages of windows. Each is known by its last operation.
 */
import { numericShape, sizeOf } from './dimension.js';
import { broadcast, conv2d, div, reshape, transpose } from './functions.js';
import type { Graph, Node, NodeId } from './graph.js';
import type { LocalRule } from './local-rules.js';
import { clipped, lengthOf, type PlaneAxis, type Region, type Span } from './region.js';
import type { Tensor } from './tensor.js';

/** Undefined where `id` does not end one of them. */
export function localPatternAt(graph: Graph, id: NodeId): LocalRule | undefined {
  const last = graph.nodes[id]!;
  if (last.op !== 'reshape' || last.shape.length !== 4 || last.shape[0] !== 1) return undefined;
  return repetition(graph, last) ?? spreadChannels(graph, last) ?? averagePool(graph, last);
}

const shapeAt = ({ nodes }: Graph, id: NodeId): readonly number[] => numericShape(nodes[id]!.shape, 'A part');

/** Of cells that became blocks of `factors`: what is read for a span of the result. */
const shrunk =
  (factors: readonly [number, number]) =>
  ([from, to]: Span, axis: PlaneAxis, size: number): Span =>
    clipped([Math.floor(from / factors[axis]), Math.ceil(to / factors[axis])], size);

/** The region of a result whose part begins where a block does. */
function cut(x: Tensor, region: Region, factors: readonly [number, number]): Tensor {
  const channels = numericShape(x.shape, 'A part')[1]!;
  const [top, left] = ([0, 1] as const).map(axis => region[axis][0] % factors[axis]) as [number, number];
  const stops = [1, channels, top + lengthOf(region[0]), left + lengthOf(region[1])];
  return x.builder.emit('slice', [x], { starts: [0, 0, top, left], stops, steps: [1, 1, 1, 1] });
}

/** `[1, c, h, w]` → `[1, 1, c, 1, h, 1, w, 1]` → `[1, 1, c, 1, h, f, w, g]` → `[1, c, h·f, w·g]`. */
function repetition(graph: Graph, last: Node<'reshape'>): LocalRule | undefined {
  const wide = graph.nodes[last.inputs[0]!]!;
  const parted = wide.op === 'broadcast' ? graph.nodes[wide.inputs[0]!]! : undefined;
  if (wide.op !== 'broadcast' || parted?.op !== 'reshape' || wide.shape.length !== 8) return undefined;
  const from = parted.inputs[0]!;
  const [n, c, h, w] = shapeAt(graph, from) as [number, number, number, number];
  const [, f0, , f1, , down, , across] = numericShape(wide.shape, 'A part') as number[];
  const fits =
    `${parted.shape}` === `${[n, 1, c, 1, h, 1, w, 1]}` &&
    f0 === 1 &&
    f1 === 1 &&
    `${last.shape}` === `${[n, c, h * down!, w * across!]}`;
  if (!fits) return undefined;
  const factors = [down!, across!] as const;
  return {
    from: [from],
    needs: shrunk(factors),
    emit: ([x], region) => {
      const [, , rows, columns] = numericShape(x!.shape, 'A part') as number[];
      const single = reshape(x!, [1, 1, c, 1, rows!, 1, columns!, 1]);
      const repeated = broadcast(single, [1, 1, c, 1, rows!, factors[0], columns!, factors[1]]);
      return cut(reshape(repeated, [1, c, rows! * factors[0], columns! * factors[1]]), region, factors);
    },
  };
}

/** Channels as rows and columns of blocks: ONNX's DepthToSpace in both of its orders. */
function spreadChannels(graph: Graph, last: Node<'reshape'>): LocalRule | undefined {
  const moved = graph.nodes[last.inputs[0]!]!;
  const parted = moved.op === 'transpose' ? graph.nodes[moved.inputs[0]!]! : undefined;
  if (moved.op !== 'transpose' || parted?.op !== 'reshape' || parted.shape.length !== 6) return undefined;
  const from = parted.inputs[0]!;
  const [n, depth, h, w] = shapeAt(graph, from) as [number, number, number, number];
  const [, c, height] = numericShape(last.shape, 'A part') as [number, number, number, number];
  const block = height / h;
  const { permutation } = moved.attributes;
  const columnsFirst = `${permutation}` === '0,3,4,1,5,2' && `${parted.shape}` === `${[n, block, block, c, h, w]}`;
  const channelsFirst = `${permutation}` === '0,1,4,2,5,3' && `${parted.shape}` === `${[n, c, block, block, h, w]}`;
  if (!(columnsFirst || channelsFirst) || depth !== c * block ** 2) return undefined;
  const factors = [block, block] as const;
  return {
    from: [from],
    needs: shrunk(factors),
    emit: ([x], region) => {
      const [, , rows, columns] = numericShape(x!.shape, 'A part') as number[];
      const order = columnsFirst ? [1, block, block, c, rows!, columns!] : [1, c, block, block, rows!, columns!];
      const spread = reshape(transpose(reshape(x!, order), permutation), [1, c, rows! * block, columns! * block]);
      return cut(spread, region, factors);
    },
  };
}

/** Each channel an image by itself, against a window of equal weights, and divided by a number if at all. */
function averagePool(graph: Graph, last: Node<'reshape'>): LocalRule | undefined {
  const divided = graph.nodes[last.inputs[0]!]!;
  const divisor = divided.op === 'div' ? divided.inputs[1]! : undefined;
  if (divisor !== undefined && (graph.nodes[divisor]!.op !== 'constant' || sizeOf(shapeAt(graph, divisor)) !== 1))
    return undefined;
  const pooled = divided.op === 'div' ? graph.nodes[divided.inputs[0]!]! : divided;
  const parted = pooled.op === 'conv2d' ? graph.nodes[pooled.inputs[0]!]! : undefined;
  if (pooled.op !== 'conv2d' || parted?.op !== 'reshape') return undefined;
  const from = parted.inputs[0]!;
  const [n, c, h, w] = shapeAt(graph, from) as [number, number, number, number];
  if (n !== 1 || `${parted.shape}` !== `${[c, 1, h, w]}`) return undefined;
  const kernel = pooled.inputs[1]!;
  const [, , kh, kw] = shapeAt(graph, kernel) as [number, number, number, number];
  const { stride, padding } = pooled.attributes;
  const reads = ([start, stop]: Span, axis: PlaneAxis): Span => [
    start * stride[axis] - padding[axis],
    (stop - 1) * stride[axis] - padding[axis] + [kh, kw][axis]!,
  ];
  return {
    from: [from],
    needs: (span, axis, size) => clipped(reads(span, axis), size),
    emit: ([x], region, parts) => {
      const [, , rows, columns] = numericShape(x!.shape, 'A part') as number[];
      const around = ([0, 1] as const).map(axis => {
        const [start, stop] = reads(region[axis], axis);
        return [Math.max(0, -start), Math.max(0, stop - [h, w][axis]!)] as const;
      });
      const [down, across] = around as [Span, Span];
      const single = reshape(x!, [c, 1, rows!, columns!]);
      const sums = conv2d(single, parts.fixed(kernel), {
        stride,
        padding: [down[0], across[0], down[1], across[1]],
      });
      const whole = reshape(sums, [1, c, lengthOf(region[0]), lengthOf(region[1])]);
      return divisor === undefined ? whole : div(whole, parts.fixed(divisor));
    },
  };
}
