/**
 * Numbers of a model that are known before it runs: stored floats, and what is made of them by moving and adding. Kernels of
 * upsampling and of last layers are made so (convolution/forward.ts). Other operations give none.
 */
import { type AttributeProto, type GraphProto, type NodeProto, TensorProto_DataType } from '../generated/index.js';
import { floatsOf, ownBytes } from '../model-file.js';

export interface FixedFloats {
  readonly dims: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

export class FixedValues {
  readonly #stored: ReadonlyMap<string, GraphProto['initializer'][number]>;
  readonly #made: ReadonlyMap<string, NodeProto>;
  readonly #known = new Map<string, FixedFloats | undefined>();

  constructor(graph: GraphProto) {
    const handedIn = new Set(graph.input.map(({ name }) => name));
    this.#stored = new Map(graph.initializer.filter(({ name }) => !handedIn.has(name)).map(each => [each.name, each]));
    this.#made = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)));
  }

  /** Undefined where it is not known, or no float. */
  floats(name: string): FixedFloats | undefined {
    if (!this.#known.has(name)) this.#known.set(name, this.#find(name));
    return this.#known.get(name);
  }

  #find(name: string): FixedFloats | undefined {
    const tensor = this.#stored.get(name);
    if (tensor)
      return tensor.dataType === TensorProto_DataType.FLOAT
        ? { dims: tensor.dims.map(Number), data: floatsOf(tensor) }
        : undefined;
    const node = this.#made.get(name);
    return node && this.#computed(node);
  }

  #computed(node: NodeProto): FixedFloats | undefined {
    const [x, ...others] = [this.floats(node.input[0]!), ...node.input.slice(1)] as [FixedFloats?, ...string[]];
    if (!x) return undefined;
    switch (node.opType) {
      case 'Add':
        return added(x, this.floats(others[0]!));
      case 'Concat':
        return concatenated([x, ...others.map(name => this.floats(name))], integer(node, 'axis'));
      case 'Pad':
        return others.length === 1 && !attributeOf(node, 'mode') ? padded(x, this.integers(others[0]!)) : undefined;
      case 'Reshape':
        return reshaped(x, this.integers(others[0]!));
      case 'Gather':
        return picked(x, integer(node, 'axis') ?? 0, this.integers(others[0]!));
      case 'Transpose':
        return transposed(x, attributeOf(node, 'perm')?.ints.map(Number));
      default:
        return undefined;
    }
  }

  integers(name: string): readonly number[] | undefined {
    const tensor = this.#stored.get(name);
    if (tensor?.dataType !== TensorProto_DataType.INT64) return undefined;
    if (tensor.rawData.length === 0) return tensor.int64Data.map(Number);
    return Array.from(new BigInt64Array(ownBytes(tensor.rawData)), Number);
  }
}

function attributeOf({ attribute }: NodeProto, wanted: string): AttributeProto | undefined {
  return attribute.find(({ name }) => name === wanted);
}

function integer(node: NodeProto, name: string): number | undefined {
  const found = attributeOf(node, name);
  return found && Number(found.i);
}

function added(a: FixedFloats, b: FixedFloats | undefined): FixedFloats | undefined {
  if (!b || String(a.dims) !== String(b.dims)) return undefined;
  return { dims: a.dims, data: a.data.map((value, at) => value + b.data[at]!) };
}

function concatenated(parts: readonly (FixedFloats | undefined)[], axis: number | undefined): FixedFloats | undefined {
  const known = parts.filter(part => part !== undefined);
  if (axis !== 0 || known.length < parts.length) return undefined;
  const data = new Float32Array(known.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of known) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { dims: [known.reduce((sum, { dims }) => sum + dims[0]!, 0), ...known[0]!.dims.slice(1)], data };
}

function padded(x: FixedFloats, pads: readonly number[] | undefined): FixedFloats | undefined {
  if (!pads || pads.some(cells => cells < 0)) return undefined;
  const rank = x.dims.length;
  return moved(
    x.dims.map((size, axis) => size + pads[axis]! + pads[axis + rank]!),
    index =>
      offsetOf(
        x.dims,
        index.map((at, axis) => at - pads[axis]!),
      ),
    x.data,
  );
}

function reshaped({ dims, data }: FixedFloats, target: readonly number[] | undefined): FixedFloats | undefined {
  if (!target) return undefined;
  const sizes = target.map((size, axis) => (size === 0 ? dims[axis]! : size));
  const known = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return { dims: sizes.map(size => (size === -1 ? data.length / known : size)), data };
}

function picked(x: FixedFloats, axis: number, indices: readonly number[] | undefined): FixedFloats | undefined {
  if (!indices || axis < 0) return undefined;
  return moved(
    x.dims.map((size, one) => (one === axis ? indices.length : size)),
    index =>
      offsetOf(
        x.dims,
        index.map((at, one) => (one === axis ? indices[at]! : at)),
      ),
    x.data,
  );
}

function transposed(x: FixedFloats, permutation: readonly number[] | undefined): FixedFloats | undefined {
  if (!permutation) return undefined;
  return moved(
    permutation.map(axis => x.dims[axis]!),
    index =>
      offsetOf(
        x.dims,
        x.dims.map((_, axis) => index[permutation.indexOf(axis)]!),
      ),
    x.data,
  );
}

/** Each number from where `from` says, by its index; 0 where that is nowhere. */
function moved(
  dims: readonly number[],
  from: (index: readonly number[]) => number | undefined,
  source: Float32Array,
): FixedFloats {
  const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
  const index = dims.map(() => 0);
  for (let at = 0; at < data.length; at++) {
    const found = from(index);
    if (found !== undefined) data[at] = source[found]!;
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis]! === dims[axis]; axis--) index[axis] = 0;
  }
  return { dims, data };
}

function offsetOf(dims: readonly number[], index: readonly number[]): number | undefined {
  let offset = 0;
  for (const [axis, at] of index.entries()) {
    if (at < 0 || at >= dims[axis]!) return undefined;
    offset = offset * dims[axis]! + at;
  }
  return offset;
}
