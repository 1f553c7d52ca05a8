/**
 * What an ONNX file says about itself, read without running it: inputs, outputs, free-text metadata and weights. Any
 * exporter's files are welcome; only float32 weights are handed out.
 */
import onnxProto from 'onnx-proto';
import { CycleboxError } from '../base/index.js';

const { onnx } = onnxProto;

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

export interface OnnxModelFile {
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly convolutions: readonly OnnxConvolution[];
  /** float32 weights by name, with their shapes. */
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

/** @throws MODEL_INVALID naming `file` when the bytes are no ONNX model. */
export function decodeOnnx(bytes: Uint8Array, file?: string): OnnxModelFile {
  const model = parseModel(bytes, file);
  const graph = model.graph;
  const initializers = graph?.initializer ?? [];
  const stored = new Set(initializers.map(tensor => tensor.name));
  return {
    producer: model.producerName ?? '',
    metadata: Object.fromEntries((model.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? ''])),
    inputs: (graph?.input ?? []).filter(value => !stored.has(value.name)).map(describe),
    outputs: (graph?.output ?? []).map(describe),
    convolutions: (graph?.node ?? []).filter(({ opType }) => opType === 'Conv').map(convolutionOf),
    weights: new Map(
      initializers
        .filter(tensor => tensor.dataType === onnx.TensorProto.DataType.FLOAT)
        .map(tensor => [tensor.name ?? '', { shape: (tensor.dims ?? []).map(Number), data: floatsOf(tensor) }]),
    ),
  };
}

type Model = ReturnType<typeof onnx.ModelProto.decode>;
export type OnnxNodeProto = NonNullable<NonNullable<Model['graph']>['node']>[number];
export type OnnxValueProto = NonNullable<NonNullable<NonNullable<Model['graph']>['input']>[number]>;
export type OnnxTensorProto = NonNullable<NonNullable<NonNullable<Model['graph']>['initializer']>[number]>;

function convolutionOf({ attribute }: OnnxNodeProto): OnnxConvolution {
  const found = (wanted: string) => attribute?.find(({ name }) => name === wanted);
  return { groups: Number(found('group')?.i ?? 1), strides: (found('strides')?.ints ?? []).map(Number) };
}

/** The file's own structure. @throws MODEL_INVALID naming `file` when the bytes are no ONNX model. */
export function parseModel(bytes: Uint8Array, file: string | undefined): Model {
  try {
    const model = onnx.ModelProto.decode(bytes);
    if (model.graph?.node?.length) return model;
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

function describe(value: OnnxValueProto): OnnxValue {
  const dims = value.type?.tensorType?.shape?.dim ?? [];
  const shape = dims.map(dim =>
    dim.dimParam ? dim.dimParam : dim.dimValue == null ? undefined : Number(dim.dimValue),
  );
  return { name: value.name ?? '', shape };
}

/** float32 values, wherever the file keeps them. */
export function floatsOf(tensor: OnnxTensorProto): Float32Array {
  if (tensor.rawData?.length) {
    const copy = Uint8Array.from(tensor.rawData);
    return new Float32Array(copy.buffer);
  }
  return Float32Array.from(tensor.floatData ?? []);
}
