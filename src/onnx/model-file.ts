/**
 * What an ONNX file says about itself, read without running it: inputs, outputs, free-text metadata and weights. Any
 * exporter's files are welcome; only weights that are float32 where they are used are handed out, those stored as float16
 * included. Reading copies no weight: their numbers stay in the file's bytes until somebody asks for them.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { CycleboxError } from '../base/index.js';
import { fromFloat16s } from './float16.js';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType,
  type ValueInfoProto,
} from './generated/index.js';

export interface OnnxValue {
  readonly name: string;
  /** A number, or the name of a symbolic size; undefined where the file leaves it open. */
  readonly shape: readonly (number | string | undefined)[];
}

/** A Conv. */
export interface OnnxConvolution {
  readonly groups: number;
  readonly strides: readonly number[];
}

/** A stored tensor, used as float32. It keeps the bytes of the whole file in memory. */
export interface OnnxWeight {
  readonly shape: readonly number[];
  /** A copy of its numbers, a new one at each call. */
  readonly floats: () => Float32Array;
}

export interface OnnxModelFile {
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly convolutions: readonly OnnxConvolution[];
  /** Whether some of it calculates with bytes, as tools that quantise write it. */
  readonly isQuantised: boolean;
  /** By name; of what is stored as float16, that of the float32 tensor that the file makes of it. */
  readonly weights: ReadonlyMap<string, OnnxWeight>;
}

/** @throws MODEL_INVALID naming `file` when the bytes are no ONNX model. */
export function decodeOnnx(bytes: Uint8Array, file?: string): OnnxModelFile {
  return describeModel(parseModel(bytes, file));
}

/** What `decodeOnnx` says, of a model that is parsed already. */
export function describeModel({ producerName, metadataProps, graph }: ModelProto): OnnxModelFile {
  const initializers = graph?.initializer ?? [];
  const stored = new Set(initializers.map(({ name }) => name));
  return {
    producer: producerName,
    metadata: Object.fromEntries(metadataProps.map(({ key, value }) => [key, value])),
    inputs: (graph?.input ?? []).filter(({ name }) => !stored.has(name)).map(describeValue),
    outputs: (graph?.output ?? []).map(describeValue),
    convolutions: (graph?.node ?? []).filter(({ opType }) => opType === 'Conv').map(convolutionOf),
    isQuantised: (graph?.node ?? []).some(({ opType }) => givesBytes(opType)),
    weights: new Map([
      ...initializers
        .filter(({ dataType }) => dataType === TensorProto_DataType.FLOAT)
        .map(tensor => [tensor.name, weightOf(tensor, floatsOf)] as const),
      ...(graph ? halfWeightsOf(graph) : []),
    ]),
  };
}

/** Not of kernels that are merely stored as bytes: those become floats first. */
export function givesBytes(operation: string): boolean {
  return /QuantizeLinear$|^QLinear|Integer$/.test(operation);
}

function weightOf(tensor: TensorProto, read: (tensor: TensorProto) => Float32Array): OnnxWeight {
  return { shape: tensor.dims.map(Number), floats: () => read(tensor) };
}

function halfWeightsOf(graph: GraphProto): readonly (readonly [string, OnnxWeight])[] {
  const tensors = new Map(graph.initializer.map(tensor => [tensor.name, tensor]));
  return [...storedHalves(graph)].map(([name, { input }]) => [name, weightOf(tensors.get(input[0]!)!, halvesOf)]);
}

/** Weights that are stored as float16 and cast to float32: the Cast of each, by the name of its result. */
export function storedHalves({ initializer, node }: GraphProto): ReadonlyMap<string, NodeProto> {
  const halves = new Set(
    initializer.filter(({ dataType }) => dataType === TensorProto_DataType.FLOAT16).map(({ name }) => name),
  );
  const casts = node.filter(each => isCastToFloat(each) && halves.has(each.input[0]!));
  return new Map(casts.map(each => [each.output[0]!, each]));
}

function isCastToFloat({ opType, attribute }: NodeProto): boolean {
  const isFloat = (i: bigint) => Number(i) === TensorProto_DataType.FLOAT;
  return opType === 'Cast' && attribute.some(({ name, i }) => name === 'to' && isFloat(i));
}

function convolutionOf({ attribute }: NodeProto): OnnxConvolution {
  const found = (wanted: string) => attribute.find(({ name }) => name === wanted);
  return { groups: Number(found('group')?.i ?? 1), strides: (found('strides')?.ints ?? []).map(Number) };
}

/** The file's own structure. @throws MODEL_INVALID naming `file` when the bytes are no ONNX model. */
export function parseModel(bytes: Uint8Array, file: string | undefined): ModelProto {
  try {
    const model = fromBinary(ModelProtoSchema, bytes);
    if (model.graph?.node.length) return model;
  } catch (cause) {
    throw invalid(file, cause);
  }
  throw invalid(file);
}

function invalid(file: string | undefined, cause?: unknown): CycleboxError {
  const name = file ?? 'The model';
  return new CycleboxError('MODEL_INVALID', `${name} is not an ONNX model. Export or train it again.`, {
    subject: { file },
    cause,
  });
}

function describeValue({ name, type }: ValueInfoProto): OnnxValue {
  const dims = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
  return {
    name,
    shape: dims.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : value.value || undefined)),
  };
}

/** A copy of float32 values, wherever the file keeps them. */
export function floatsOf({ rawData, floatData }: TensorProto): Float32Array {
  return rawData.length > 0 ? new Float32Array(ownBytes(rawData)) : Float32Array.from(floatData);
}

/** float16 values as float32, wherever the file keeps them. */
export function halvesOf({ rawData, int32Data }: TensorProto): Float32Array {
  const words = rawData.length > 0 ? new Uint16Array(ownBytes(rawData)) : int32Data;
  return fromFloat16s(words);
}

/** Stored numbers by themselves: in the file they may lie at any byte, which typed arrays may not. */
export function ownBytes(rawData: Uint8Array): ArrayBuffer {
  return new Uint8Array(rawData).buffer;
}
