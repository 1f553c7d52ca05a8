/**
 * The nodes of an ONNX file as plain data, as any exporter wrote them: operations by name, attributes as JavaScript
 * values, stored tensors with their numbers. Nothing is judged here but what cannot be read at all.
 */
import onnxProto from 'onnx-proto';
import { CycleboxError } from '../../base/index.js';
import { fromFloat16 } from '../float16.js';
import { decodeOnnx, type OnnxModelFile } from '../model-file.js';

const { onnx } = onnxProto;

/** Numbers that are known before the network runs: weights, shapes, axes. */
export interface Constant {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  /** False for integers and truth values. */
  readonly float: boolean;
}

export type OnnxAttribute = number | string | readonly number[] | Constant;

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  /** Empty for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxNetwork extends Pick<OnnxModelFile, 'inputs' | 'outputs' | 'metadata'> {
  /** What messages call the model. */
  readonly file: string;
  /** Version of the operations' definitions. */
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, Constant>;
}

/** @throws MODEL_INVALID naming `file` */
export function readNetwork(bytes: Uint8Array, file = 'The model'): OnnxNetwork {
  const { inputs, outputs, metadata } = decodeOnnx(bytes, file);
  const { graph, opsetImport } = onnx.ModelProto.decode(bytes);
  const opset = (opsetImport ?? []).find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 1;
  return {
    file,
    opset: Number(opset),
    inputs,
    outputs,
    metadata,
    nodes: (graph?.node ?? []).map(node => readNode(node, file)),
    constants: new Map((graph?.initializer ?? []).map(tensor => [tensor.name ?? '', readTensor(tensor, file)])),
  };
}

type ModelGraph = NonNullable<ReturnType<typeof onnx.ModelProto.decode>['graph']>;
type NodeProto = NonNullable<ModelGraph['node']>[number];
type TensorProto = NonNullable<ModelGraph['initializer']>[number];
type AttributeProto = NonNullable<NodeProto['attribute']>[number];

function readNode(node: NodeProto, file: string): OnnxNode {
  const domain = node.domain && node.domain !== 'ai.onnx' ? `${node.domain}.` : '';
  return {
    op: `${domain}${node.opType ?? ''}`,
    name: node.name ?? '',
    inputs: node.input ?? [],
    outputs: node.output ?? [],
    attributes: Object.fromEntries(
      (node.attribute ?? []).flatMap(attribute => {
        const value = readAttribute(attribute, file);
        return value === undefined ? [] : [[attribute.name ?? '', value]];
      }),
    ),
  };
}

/** Undefined for kinds that none of the known operations has. */
function readAttribute(attribute: AttributeProto, file: string): OnnxAttribute | undefined {
  const { AttributeType } = onnx.AttributeProto;
  switch (attribute.type) {
    case AttributeType.FLOAT:
      return attribute.f ?? 0;
    case AttributeType.INT:
      return Number(attribute.i ?? 0);
    case AttributeType.STRING:
      return new TextDecoder().decode(attribute.s ?? new Uint8Array());
    case AttributeType.FLOATS:
      return attribute.floats ?? [];
    case AttributeType.INTS:
      return (attribute.ints ?? []).map(Number);
    case AttributeType.TENSOR:
      return attribute.t ? readTensor(attribute.t, file) : undefined;
    default:
      return undefined;
  }
}

function readTensor(tensor: TensorProto, file: string): Constant {
  if (tensor.dataLocation === onnx.TensorProto.DataLocation.EXTERNAL) {
    throw new CycleboxError(
      'MODEL_INVALID',
      `${file} keeps its weights in another file. Export it with the weights inside.`,
      { subject: { file } },
    );
  }
  const { FLOAT, FLOAT16, DOUBLE } = onnx.TensorProto.DataType;
  const shape = (tensor.dims ?? []).map(Number);
  const float = tensor.dataType === FLOAT || tensor.dataType === FLOAT16 || tensor.dataType === DOUBLE;
  return { shape, float, data: tensor.rawData?.length ? rawNumbers(tensor, file) : listedNumbers(tensor, file) };
}

function rawNumbers({ dataType, name, rawData }: TensorProto, file: string): ArrayLike<number> {
  // A copy of its own: stored numbers may lie at any byte, typed arrays may not.
  const { buffer } = Uint8Array.from(rawData ?? []);
  const { DataType } = onnx.TensorProto;
  switch (dataType) {
    case DataType.FLOAT:
      return new Float32Array(buffer);
    case DataType.FLOAT16:
      return Float32Array.from(new Uint16Array(buffer), fromFloat16);
    case DataType.DOUBLE:
      return Float32Array.from(new Float64Array(buffer));
    case DataType.INT64:
      return Array.from(new BigInt64Array(buffer), Number);
    case DataType.INT32:
      return new Int32Array(buffer);
    case DataType.INT8:
      return new Int8Array(buffer);
    case DataType.UINT8:
    case DataType.BOOL:
      return new Uint8Array(buffer);
    default:
      throw unreadable(file, name, dataType);
  }
}

function listedNumbers(tensor: TensorProto, file: string): ArrayLike<number> {
  const { DataType } = onnx.TensorProto;
  switch (tensor.dataType) {
    case DataType.FLOAT:
      return Float32Array.from(tensor.floatData ?? []);
    case DataType.FLOAT16:
      return Float32Array.from(tensor.int32Data ?? [], fromFloat16);
    case DataType.DOUBLE:
      return Float32Array.from(tensor.doubleData ?? []);
    case DataType.INT64:
      return (tensor.int64Data ?? []).map(Number);
    case DataType.INT32:
    case DataType.INT8:
    case DataType.UINT8:
    case DataType.BOOL:
      return tensor.int32Data ?? [];
    default:
      throw unreadable(file, tensor.name, tensor.dataType);
  }
}

function unreadable(file: string, name: string | null | undefined, type: number | null | undefined): CycleboxError {
  const known = Object.entries(onnx.TensorProto.DataType).find(([, value]) => value === type)?.[0] ?? String(type);
  return new CycleboxError('MODEL_INVALID', `${file}: the tensor ${name || 'without a name'} holds ${known} values.`, {
    subject: { file },
  });
}
