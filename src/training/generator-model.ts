/**
 * A trained generator as a model file: input `image`, output `translated`, both `[n, 3, height, width]` in [-1, 1] with
 * symbolic sizes, weights under their PyTorch keys, and metadata that says what it is. Equal training gives equal bytes.
 */
import { type GeneratorSpec, generatorGraph, sizeMultipleOf, type WeightTensors } from '../nets/index.js';
import { encodeOnnx, metadataKeys } from '../onnx/index.js';

export interface GeneratorModel {
  readonly spec: GeneratorSpec;
  /** By PyTorch key; biases that cancel are not needed. */
  readonly weights: WeightTensors;
  readonly pair: string;
  readonly from: string;
  readonly to: string;
  /** The shorter side, in pixels, that whole training images were scaled to; undefined when that is not one number. */
  readonly trainedSize?: number | undefined;
  /** The side of the crops, in pixels. */
  readonly cropSize?: number | undefined;
  /** What the training was, without paths. */
  readonly training: Readonly<Record<string, unknown>>;
}

export function encodeGenerator(model: GeneratorModel): Uint8Array {
  const weights = Object.fromEntries(Object.entries(model.weights).map(([key, { data }]) => [key, data]));
  return encodeOnnx(generatorGraph(model.spec), {
    name: `${model.from}-to-${model.to}`,
    weights,
    metadata: {
      [metadataKeys.architecture]: JSON.stringify(model.spec),
      [metadataKeys.pair]: model.pair,
      [metadataKeys.from]: model.from,
      [metadataKeys.to]: model.to,
      [metadataKeys.range]: '-1..1',
      [metadataKeys.sizeMultiple]: String(sizeMultipleOf(model.spec)),
      ...(model.trainedSize !== undefined && { [metadataKeys.trainedSize]: String(model.trainedSize) }),
      ...(model.cropSize !== undefined && { [metadataKeys.cropSize]: String(model.cropSize) }),
      [metadataKeys.training]: JSON.stringify(model.training),
    },
  });
}
