/** Nodes and constants that are written into a graph, under names that no exporter writes. */
import { create } from '@bufbuild/protobuf';
import { integerAttribute, integersAttribute } from '../attributes.js';
import {
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../generated/index.js';

type Values = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

export class GraphWriter {
  readonly initializers: GraphProto['initializer'] = [];
  #nodes: NodeProto[] = [];
  #count = 0;

  /** @returns the name of its result: `as`, or a new one */
  node(opType: string, input: readonly string[], attribute: AttributeProto[] = [], as?: string): string {
    const output = as ?? this.#fresh(opType);
    this.#nodes.push(create(NodeProtoSchema, { opType, name: output, input: [...input], output: [output], attribute }));
    return output;
  }

  /** The nodes since the last time, in their order. */
  taken(): readonly NodeProto[] {
    const nodes = this.#nodes;
    this.#nodes = [];
    return nodes;
  }

  floats(dims: readonly number[], values: Float32Array): string {
    return this.#constant(dims, TensorProto_DataType.FLOAT, values);
  }

  bytes(dims: readonly number[], values: Uint8Array): string {
    return this.#constant(dims, TensorProto_DataType.UINT8, values);
  }

  signedBytes(dims: readonly number[], values: Int8Array): string {
    return this.#constant(dims, TensorProto_DataType.INT8, values);
  }

  sums(values: Int32Array): string {
    return this.#constant([values.length], TensorProto_DataType.INT32, values);
  }

  /** Sizes, indices and axes. */
  integers(values: readonly (number | bigint)[]): string {
    return this.#constant([values.length], TensorProto_DataType.INT64, BigInt64Array.from(values, BigInt));
  }

  integer(value: number): string {
    return this.#constant([], TensorProto_DataType.INT64, BigInt64Array.of(BigInt(value)));
  }

  #constant(dims: readonly number[], dataType: number, values: Values): string {
    const name = this.#fresh('constant');
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.initializers.push(create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType, rawData }));
    return name;
  }

  #fresh(what: string): string {
    return `int8 ${this.#count++}: ${what}`;
  }
}

export const axis = (at: number): AttributeProto => integerAttribute('axis', at);
export const order = (...axes: readonly number[]): AttributeProto => integersAttribute('perm', axes);
