/** A TensorFlow.js model, a `model.json` and its shards, as an ONNX file. */
import { outlineOfBytes } from '../onnx/index.js';
import type { FileSums, ForeignModel } from './foreign-model.js';
import { graphModelToOnnx, layersModelToOnnx, readTensorFlowFiles } from './tensorflow-js/index.js';

/** @param path of its `model.json` @throws CycleboxError MODEL_MISSING, MODEL_INVALID */
export async function readTensorFlow(path: string): Promise<ForeignModel> {
  const files = await readTensorFlowFiles(path);
  const { format, sha256, sizeBytes } = files;
  const model = format === 'graph' ? graphModelToOnnx(files, path) : layersModelToOnnx(files, path);
  const bytes = model.encode({});
  const network = `${format === 'graph' ? 'GraphModel' : 'LayersModel'}, ${model.inputChannels} → ${model.outputChannels} channels`;
  return { kind: 'tensorflow-js', network, bytes, outline: outlineOfBytes(bytes, path), sha256, sizeBytes };
}

/** @throws CycleboxError MODEL_MISSING, MODEL_INVALID */
export async function sumTensorFlow(path: string): Promise<FileSums> {
  const { sha256, sizeBytes } = await readTensorFlowFiles(path);
  return { sha256, sizeBytes };
}
