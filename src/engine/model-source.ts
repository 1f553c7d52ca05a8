/** Where a model's bytes come from, and what messages call it. */
import { outlineOfBytes, readModelFile } from '../onnx/index.js';
import type { ModelSource } from './contract.js';

export interface ModelBytes {
  readonly bytes: Uint8Array;
  readonly file: string;
}

/**
 * With everything that the model keeps in other files.
 * @throws MODEL_MISSING, MODEL_INVALID naming the file
 */
export async function readModelSource(model: ModelSource): Promise<ModelBytes> {
  if ('path' in model) return { bytes: (await readModelFile(model.path)).bytes, file: model.path };
  const { bytes, name: file = 'The model' } = model;
  outlineOfBytes(bytes, file);
  return { bytes, file };
}
