/**
 * An ONNX model as the bytes of its file. Not a second encoder: messages are written by protobuf's own, which copies what
 * it has written once for every message around it; stored tensors' numbers, most of a file, are set beside and copied once.
 * Fields that the schema does not know are written as they were read.
 */
import { clearField, type DescField, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from './generated/index.js';

/** Bytes one after another, not yet joined. */
type Parts = readonly Uint8Array[];

export function encodeModel(model: ModelProto): Uint8Array {
  const graph = model.graph ? inField(ModelProtoSchema.field.graph, graphParts(model.graph)) : [];
  const writer = new BinaryWriter();
  for (const part of [without(ModelProtoSchema, model, ModelProtoSchema.field.graph), ...graph]) writer.raw(part);
  return writer.finish();
}

function graphParts(graph: GraphProto): Parts {
  const { initializer } = GraphProtoSchema.field;
  const stored = graph.initializer.flatMap(tensor => inField(initializer, tensorParts(tensor)));
  return [without(GraphProtoSchema, graph, initializer), ...stored];
}

function tensorParts(tensor: TensorProto): Parts {
  const { rawData } = TensorProtoSchema.field;
  const raw = tensor.rawData.length > 0 ? inField(rawData, [tensor.rawData]) : [];
  return [without(TensorProtoSchema, tensor, rawData), ...raw];
}

/** A message whose fields may come in any order, all but one of them. */
function without<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>, field: DescField): Uint8Array {
  const rest = Object.create(Object.getPrototypeOf(message), Object.getOwnPropertyDescriptors(message));
  clearField(rest, field);
  return toBinary(schema, rest);
}

/** `parts` as the content of a field: its number and their length go ahead. */
function inField({ number }: DescField, parts: Parts): Parts {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(length).finish(), ...parts];
}
