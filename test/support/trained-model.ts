/**
 * Committed models as a training leaves them: weights in float32, most of which no float16 holds. What is committed may be
 * stored as float16, and rounding that once more would show nothing.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { packageRoot } from '../../src/base/index.js';
import { ModelProtoSchema, TensorProto_DataType } from '../../src/onnx/generated/index.js';
import { storeWeights } from '../../src/onnx/index.js';
import { floatsOf } from '../../src/onnx/model-file.js';
import { seededRandom } from '../graph/random-values.js';

/** Each weight is moved within the step of float16 that it lies in, by chance and the same at every call. @param path in models/ */
export async function trainedModel(path: string): Promise<Uint8Array> {
  const bytes = storeWeights(new Uint8Array(await readFile(join(packageRoot, 'models', path))), 'float32');
  const model = fromBinary(ModelProtoSchema, bytes);
  const random = seededRandom(1);
  for (const tensor of model.graph!.initializer) {
    if (tensor.dataType !== TensorProto_DataType.FLOAT) continue;
    const floats = floatsOf(tensor).map(value => value + (random() - 0.5) * stepAt(value));
    tensor.rawData = new Uint8Array(floats.buffer);
    tensor.floatData = [];
  }
  return toBinary(ModelProtoSchema, model);
}

/** Between two halves around a value: ten bits behind the first. */
function stepAt(value: number): number {
  return value === 0 ? 0 : 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value)))) - 10);
}
