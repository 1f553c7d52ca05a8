/**
 * Weights stored as float16 and calculated with as float32: a file of half the size that every ONNX runtime runs, with a
 * Cast to float32 behind each tensor, which runtimes fold away when they load it. Not a model that calculates in float16
 * (half-precision.ts). Each weight keeps its name: readers find it under the name of the Cast's result.
 */
import { create } from '@bufbuild/protobuf';
import { encodeModel } from './encode-model.js';
import { fromFloat16, toFloat16 } from './float16.js';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
} from './generated/index.js';
import { floatsOf, halvesOf, parseModel, storedHalves } from './model-file.js';
import type { WeightStorage } from './weight-storage.js';

const { FLOAT, FLOAT16 } = TensorProto_DataType;

/** Smaller tensors, in numbers, are biases and constants: a Cast would take more room than it saves. */
const leastStored = 256;

/** Half a step of float16's 11 bits, of a tensor's largest weight. */
const mostError = 2 ** -11;

/**
 * The model with its weights stored so; what is stored so already stays as it is. A tensor whose largest weight would lose
 * more than float16's own rounding, beyond 65504 or below 2⁻¹⁴, stays float32.
 * @throws MODEL_INVALID naming `file` when the bytes are no ONNX model
 */
export function storeWeights(bytes: Uint8Array, storage: WeightStorage, file?: string): Uint8Array {
  const model = parseModel(bytes, file);
  if (storage === 'float16') storeHalves(model.graph!);
  else restoreFloats(model.graph!);
  return encodeModel(model);
}

function storeHalves(graph: GraphProto): void {
  const handedIn = new Set(graph.input.map(({ name }) => name));
  const casts: NodeProto[] = [];
  graph.initializer = graph.initializer.map(tensor => {
    const half = handedIn.has(tensor.name) ? undefined : halfOf(tensor);
    if (half) casts.push(castToFloat(half.name, tensor.name));
    return half ?? tensor;
  });
  graph.node = [...casts, ...graph.node];
}

/** Undefined where the tensor is small, holds no float32, or would lose too much. */
function halfOf(tensor: TensorProto): TensorProto | undefined {
  if (tensor.dataType !== FLOAT) return undefined;
  const floats = floatsOf(tensor);
  if (floats.length < leastStored) return undefined;
  const halves = toFloat16(floats);
  if (!isNear(floats, halves)) return undefined;
  const name = `${tensor.name}:float16`;
  return withNumbers(tensor, { name, dataType: FLOAT16, rawData: new Uint8Array(halves.buffer) });
}

function isNear(floats: Float32Array, halves: Uint16Array): boolean {
  const largest = floats.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return floats.every((value, at) => Math.abs(value - fromFloat16(halves[at]!)) <= mostError * largest);
}

/** Takes the graph's stored halves back to float32, and their Casts away. */
export function restoreFloats(graph: GraphProto): void {
  const names = storedHalves(graph);
  if (names.size === 0) return;
  const casts = new Set(names.values());
  const tensors = new Map(graph.initializer.map(tensor => [tensor.name, tensor]));
  const restored = [...names].map(([name, { input }]) => floatOf(tensors.get(input[0]!)!, name));
  graph.node = graph.node.filter(node => !casts.has(node));
  const read = new Set([...graph.node.flatMap(({ input }) => input), ...graph.output.map(({ name }) => name)]);
  const wasHalf = new Set([...casts].map(({ input }) => input[0]!));
  const kept = graph.initializer.filter(({ name }) => !wasHalf.has(name) || read.has(name));
  graph.initializer = [...kept, ...restored];
}

function floatOf(tensor: TensorProto, name: string): TensorProto {
  const { buffer, byteOffset, byteLength } = halvesOf(tensor);
  return withNumbers(tensor, { name, dataType: FLOAT, rawData: new Uint8Array(buffer, byteOffset, byteLength) });
}

/** What else the file says about the tensor stays. */
function withNumbers(tensor: TensorProto, numbers: Pick<TensorProto, 'name' | 'dataType' | 'rawData'>): TensorProto {
  return Object.assign(create(TensorProtoSchema), tensor, { floatData: [], int32Data: [], ...numbers });
}

function castToFloat(from: string, to: string): NodeProto {
  const type = { name: 'to', type: AttributeProto_AttributeType.INT, i: BigInt(FLOAT) };
  const attribute = [create(AttributeProtoSchema, type)];
  return create(NodeProtoSchema, { opType: 'Cast', name: `Cast ${to}`, input: [from], output: [to], attribute });
}
