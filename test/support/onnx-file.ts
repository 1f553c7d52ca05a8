/**
 * ONNX files of any nodes, for tests of what reads them: nodes as `[operation, inputs, outputs, attributes]`. Whole
 * numbers become integer attributes and real ones floats; `{ float: 2 }` is a float that happens to be whole.
 */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from '../../src/onnx/generated/index.js';

export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** Default: float32 in `rawData`. */
  readonly as?: 'float' | 'float list' | 'half' | 'double' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';
}

export type AttributeSpec = number | string | readonly number[] | { readonly float: number } | StoredTensor;
export type NodeSpec = readonly [
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes?: Readonly<Record<string, AttributeSpec>>,
];

export interface OnnxFileSpec {
  readonly nodes: readonly NodeSpec[];
  readonly constants?: Readonly<Record<string, StoredTensor>>;
  /** Shapes by name; a text is a symbolic size. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs: readonly string[];
  /** Default 17. */
  readonly opset?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

export function onnxFile({ nodes, constants = {}, inputs, outputs, opset = 17, metadata = {} }: OnnxFileSpec) {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'test',
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'test',
      node: nodes.map(([opType, input, output, attributes = {}]) => ({
        opType,
        input: [...input],
        output: [...output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      })),
      initializer: Object.entries(constants).map(([name, tensor]) => ({ ...stored(tensor), name })),
      input: Object.entries(inputs).map(([name, shape]) => value(name, shape)),
      output: outputs.map(name => value(name)),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

function value(name: string, shape?: readonly (number | string)[]): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = shape?.map(size => ({
    value:
      typeof size === 'number'
        ? ({ case: 'dimValue', value: BigInt(size) } as const)
        : ({ case: 'dimParam', value: size } as const),
  }));
  const tensor = { elemType: DataType.FLOAT, ...(dim && { shape: { dim } }) };
  return { name, type: { value: { case: 'tensorType', value: tensor } } };
}

function attribute(name: string, given: AttributeSpec): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof given === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(given) };
  if (typeof given === 'number') {
    return Number.isInteger(given)
      ? { name, type: AttributeType.INT, i: BigInt(given) }
      : { name, type: AttributeType.FLOAT, f: given };
  }
  if ('float' in given) return { name, type: AttributeType.FLOAT, f: given.float };
  if ('shape' in given) return { name, type: AttributeType.TENSOR, t: stored(given) };
  return given.every(Number.isInteger)
    ? { name, type: AttributeType.INTS, ints: given.map(BigInt) }
    : { name, type: AttributeType.FLOATS, floats: [...given] };
}

function stored({ shape, values, as = 'float' }: StoredTensor): MessageInitShape<typeof TensorProtoSchema> {
  const dims = shape.map(BigInt);
  const raw = (dataType: number, array: ArrayBufferView) => ({
    dims,
    dataType,
    rawData: new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  });
  switch (as) {
    case 'float':
      return raw(DataType.FLOAT, Float32Array.from(values));
    case 'float list':
      return { dims, dataType: DataType.FLOAT, floatData: [...values] };
    case 'half':
      return raw(DataType.FLOAT16, Uint16Array.from(values, toHalf));
    case 'double':
      return raw(DataType.DOUBLE, Float64Array.from(values));
    case 'int64':
      return raw(DataType.INT64, BigInt64Array.from(values, BigInt));
    case 'int32':
      return raw(DataType.INT32, Int32Array.from(values));
    case 'int8':
      return raw(DataType.INT8, Int8Array.from(values));
    case 'uint8':
      return raw(DataType.UINT8, Uint8Array.from(values));
    case 'bool':
      return raw(DataType.BOOL, Uint8Array.from(values));
    default:
      return as satisfies never;
  }
}

/** IEEE 754 binary16 of numbers that it holds exactly, without infinities. */
function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** -14) return sign | (magnitude / 2 ** -24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}
