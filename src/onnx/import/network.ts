/**
 * The nodes of an ONNX file as plain data, as any exporter wrote them: operations by name, attributes as JavaScript
 * values, stored tensors with their numbers. Nothing is judged here but what cannot be read at all.
 */
import { CycleboxError } from '../../base/index.js';
import { fromFloat16s } from '../float16.js';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
} from '../generated/index.js';
import { describeModel, type OnnxModelFile, ownBytes, parseModel } from '../model-file.js';

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
  const model = parseModel(bytes, file);
  const { inputs, outputs, metadata } = describeModel(model);
  const { graph, opsetImport } = model;
  const opset = opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 1;
  return {
    file,
    opset: Number(opset),
    inputs,
    outputs,
    metadata,
    nodes: (graph?.node ?? []).map(node => readNode(node, file)),
    constants: new Map((graph?.initializer ?? []).map(tensor => [tensor.name, readTensor(tensor, file)])),
  };
}

function readNode(node: NodeProto, file: string): OnnxNode {
  const domain = node.domain && node.domain !== 'ai.onnx' ? `${node.domain}.` : '';
  return {
    op: `${domain}${node.opType}`,
    name: node.name,
    inputs: node.input,
    outputs: node.output,
    attributes: Object.fromEntries(
      node.attribute.flatMap(attribute => {
        const value = readAttribute(attribute, file);
        return value === undefined ? [] : [[attribute.name, value]];
      }),
    ),
  };
}

/** Undefined for kinds that none of the known operations has. */
function readAttribute(attribute: AttributeProto, file: string): OnnxAttribute | undefined {
  switch (attribute.type) {
    case AttributeProto_AttributeType.FLOAT:
      return attribute.f;
    case AttributeProto_AttributeType.INT:
      return Number(attribute.i);
    case AttributeProto_AttributeType.STRING:
      return new TextDecoder().decode(attribute.s);
    case AttributeProto_AttributeType.FLOATS:
      return attribute.floats;
    case AttributeProto_AttributeType.INTS:
      return attribute.ints.map(Number);
    case AttributeProto_AttributeType.TENSOR:
      return attribute.t ? readTensor(attribute.t, file) : undefined;
    default:
      return undefined;
  }
}

function readTensor(tensor: TensorProto, file: string): Constant {
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw new CycleboxError(
      'MODEL_INVALID',
      `${file} keeps its weights in another file. Export it with the weights inside.`,
      { subject: { file } },
    );
  }
  const { FLOAT, FLOAT16, DOUBLE } = TensorProto_DataType;
  const shape = tensor.dims.map(Number);
  const float = tensor.dataType === FLOAT || tensor.dataType === FLOAT16 || tensor.dataType === DOUBLE;
  return { shape, float, data: tensor.rawData.length > 0 ? rawNumbers(tensor, file) : listedNumbers(tensor, file) };
}

function rawNumbers({ dataType, name, rawData }: TensorProto, file: string): ArrayLike<number> {
  const buffer = ownBytes(rawData);
  switch (dataType) {
    case TensorProto_DataType.FLOAT:
      return new Float32Array(buffer);
    case TensorProto_DataType.FLOAT16:
      return fromFloat16s(new Uint16Array(buffer));
    case TensorProto_DataType.DOUBLE:
      return Float32Array.from(new Float64Array(buffer));
    case TensorProto_DataType.INT64:
      return Array.from(new BigInt64Array(buffer), Number);
    case TensorProto_DataType.INT32:
      return new Int32Array(buffer);
    case TensorProto_DataType.INT8:
      return new Int8Array(buffer);
    case TensorProto_DataType.UINT8:
    case TensorProto_DataType.BOOL:
      return new Uint8Array(buffer);
    default:
      throw unreadable(file, name, dataType);
  }
}

function listedNumbers(tensor: TensorProto, file: string): ArrayLike<number> {
  switch (tensor.dataType) {
    case TensorProto_DataType.FLOAT:
      return Float32Array.from(tensor.floatData);
    case TensorProto_DataType.FLOAT16:
      return fromFloat16s(tensor.int32Data);
    case TensorProto_DataType.DOUBLE:
      return Float32Array.from(tensor.doubleData);
    case TensorProto_DataType.INT64:
      return tensor.int64Data.map(Number);
    case TensorProto_DataType.INT32:
    case TensorProto_DataType.INT8:
    case TensorProto_DataType.UINT8:
    case TensorProto_DataType.BOOL:
      return tensor.int32Data;
    default:
      throw unreadable(file, tensor.name, tensor.dataType);
  }
}

function unreadable(file: string, name: string, type: number): CycleboxError {
  const known = TensorProto_DataType[type] ?? String(type);
  return new CycleboxError('MODEL_INVALID', `${file}: the tensor ${name || 'without a name'} holds ${known} values.`, {
    subject: { file },
  });
}
