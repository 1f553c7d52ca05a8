/** Where a model's bytes come from, and what messages call it. */
import { CycleboxError, readRegularFile } from '../base/index.js';
import type { ModelSource } from './contract.js';

export interface ModelBytes {
  readonly bytes: Uint8Array;
  readonly file: string;
}

/** @throws MODEL_MISSING naming the file */
export async function readModelSource(model: ModelSource): Promise<ModelBytes> {
  if ('bytes' in model) return { bytes: model.bytes, file: model.name ?? 'The model' };
  const file = model.path;
  try {
    return { bytes: await readRegularFile(file), file };
  } catch (cause) {
    throw new CycleboxError('MODEL_MISSING', `The model file ${file} could not be read.`, { subject: { file }, cause });
  }
}
