/** A model that also hands out what goes into its convolutions and comes out of them, to be calibrated on. */
import { create } from '@bufbuild/protobuf';
import { encodeModel } from '../encode-model.js';
import { TensorProto_DataType, ValueInfoProtoSchema } from '../generated/index.js';
import { parseModel } from '../model-file.js';
import { restoreFloats } from '../stored-weights.js';
import { convolutionsOf } from './convolutions.js';

/** A convolution that may calculate in int8, by the names of the values around it. */
export interface WatchedConvolution {
  readonly output: string;
  /** Of the model's own inputs, or of its values. */
  readonly input: string;
  /** `[out, in, h, w]` */
  readonly kernel: readonly number[];
}

export interface WatchedModel {
  readonly bytes: Uint8Array;
  /** In the order of the file. */
  readonly convolutions: readonly WatchedConvolution[];
}

/** @throws MODEL_INVALID naming `file` when the bytes are no ONNX model */
export function exposeConvolutions(bytes: Uint8Array, file?: string): WatchedModel {
  const model = parseModel(bytes, file);
  const graph = model.graph!;
  restoreFloats(graph);
  const convolutions = convolutionsOf(graph).map(({ output, input, kernel }) => ({
    output,
    input,
    kernel: kernel.dims,
  }));
  const there = new Set([...graph.output, ...graph.input].map(({ name }) => name));
  const wanted = new Set(convolutions.flatMap(({ output, input }) => [input, output]).filter(name => !there.has(name)));
  graph.output.push(...[...wanted].map(floatValue));
  return { bytes: encodeModel(model), convolutions };
}

function floatValue(name: string) {
  const value = { elemType: TensorProto_DataType.FLOAT };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value } } });
}
