/**
 * Kernels stored as int8 and calculated with as float32: a quarter of the size, with a scale for each output channel and a
 * DequantizeLinear behind each kernel. Not a model that calculates in int8. Nearest to 127 steps either way of the channel's
 * largest weight.
 */
import { create } from '@bufbuild/protobuf';
import { encodeModel } from './encode-model.js';
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
import { floatsOf, parseModel } from './model-file.js';
import { restoreFloats } from './stored-weights.js';

/** Where a kernel's output channels are, and of which input it is. */
const kernelAxes: Readonly<Record<string, number>> = { Conv: 0, ConvTranspose: 1 };

/** Smaller kernels, in numbers, are not worth their scales. */
const leastStored = 1024;

/** With fewer channels per scale than this format knows, older operation sets have no DequantizeLinear by axis. */
const oldestOpset = 13;

/** @throws MODEL_INVALID naming `file`; undefined where the model's operation set has no scales for channels */
export function quantiseWeights(bytes: Uint8Array, file?: string): Uint8Array | undefined {
  const model = parseModel(bytes, file);
  const opset = model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 1n;
  if (Number(opset) < oldestOpset) return undefined;
  restoreFloats(model.graph!);
  storeBytes(model.graph!);
  return encodeModel(model);
}

function storeBytes(graph: GraphProto): void {
  const axes = kernelsOf(graph);
  const nodes: NodeProto[] = [];
  graph.initializer = graph.initializer.flatMap(tensor => {
    const axis = axes.get(tensor.name);
    const isStored = axis !== undefined && tensor.dataType === TensorProto_DataType.FLOAT;
    if (!isStored || floatsOf(tensor).length < leastStored) return [tensor];
    const stored = quantised(tensor, axis);
    nodes.push(
      dequantise(
        stored.map(({ name }) => name),
        tensor.name,
        axis,
      ),
    );
    return stored;
  });
  graph.node = [...nodes, ...graph.node];
}

/** Kernels by name; one that is read otherwise as well, or along two axes, stays as it is. */
function kernelsOf(graph: GraphProto): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const others = new Set(graph.input.map(({ name }) => name));
  for (const { opType, input } of graph.node) {
    input.forEach((name, at) => {
      const axis = at === 1 ? kernelAxes[opType] : undefined;
      if (axis === undefined || (found.get(name) ?? axis) !== axis) others.add(name);
      else found.set(name, axis);
    });
  }
  return new Map([...found].filter(([name]) => !others.has(name)));
}

function quantised(tensor: TensorProto, axis: number): readonly TensorProto[] {
  const values = floatsOf(tensor);
  const sizes = tensor.dims.map(Number);
  const channels = sizes[axis]!;
  const inner = sizes.slice(axis + 1).reduce((product, side) => product * side, 1);
  const channelOf = (at: number) => Math.floor(at / inner) % channels;
  const scales = new Float32Array(channels);
  values.forEach((value, at) => {
    const channel = channelOf(at);
    scales[channel] = Math.max(scales[channel]!, Math.abs(value) / 127);
  });
  const bytes = Int8Array.from(values, (value, at) => {
    const scale = scales[channelOf(at)]!;
    return scale === 0 ? 0 : Math.round(value / scale);
  });
  const zeros = new Int8Array(channels);
  const { INT8, FLOAT } = TensorProto_DataType;
  return [
    stored(`${tensor.name}:int8`, tensor.dims, INT8, new Uint8Array(bytes.buffer)),
    stored(`${tensor.name}:scale`, [BigInt(channels)], FLOAT, new Uint8Array(scales.buffer)),
    stored(`${tensor.name}:zero`, [BigInt(channels)], INT8, new Uint8Array(zeros.buffer)),
  ];
}

function stored(name: string, dims: readonly bigint[], dataType: number, rawData: Uint8Array): TensorProto {
  return create(TensorProtoSchema, { name, dims: [...dims], dataType, rawData });
}

function dequantise(input: readonly string[], to: string, axis: number): NodeProto {
  const type = AttributeProto_AttributeType.INT;
  const attribute = [create(AttributeProtoSchema, { name: 'axis', type, i: BigInt(axis) })];
  return create(NodeProtoSchema, {
    opType: 'DequantizeLinear',
    name: `Dequantise ${to}`,
    input: [...input],
    output: [to],
    attribute,
  });
}
