/**
 * The files of one model while they go to workers, and the list of them that goes along. A set is named by the hash of its model, so
 * that it never changes: what is there once is what everybody gets.
 */
import { z } from 'zod';
import { CycleboxError, sha256File } from '../../base/index.js';

/** A model as it lies on the watcher's machine. */
export interface ModelSource {
  /** Of the model, in lower-case hex. */
  readonly sha256: string;
  /** Absolute: all its files lie in it. */
  readonly folder: string;
  /** Names in the folder; the first opens the model. */
  readonly files: readonly string[];
}

export interface ModelSetFile {
  readonly name: string;
  readonly sha256: string;
}

/** What is written down of a model that is offered: the first file opens it. */
export interface ModelSet {
  readonly files: readonly ModelSetFile[];
}

const sum = z.string().regex(/^[0-9a-f]{64}$/);
/** A file's name and nothing that leads elsewhere, on any system. */
const fileName = z
  .string()
  .max(255)
  .regex(/^[^/\\:\0]+$/)
  .refine(name => name !== '.' && name !== '..');

const modelSet = z.object({
  files: z
    .array(z.object({ name: fileName, sha256: sum }))
    .min(1)
    .max(1000),
});

/** @param where for messages @throws MODEL_INVALID */
export function parseModelSet(text: string, where: string): ModelSet {
  try {
    return modelSet.parse(JSON.parse(text));
  } catch (cause) {
    const message = `${where} is not a list of a model's files, which a daemon writes there: remove it, and it is written again.`;
    throw new CycleboxError('MODEL_INVALID', message, { cause });
  }
}

/** @param path where the file is now @param where it came from @throws MODEL_HASH_MISMATCH */
export async function requireSum(file: ModelSetFile, path: string, model: string, where: string): Promise<void> {
  const found = await sha256File(path);
  if (found === file.sha256) return;
  const message = `${file.name} of the model ${model} came from ${where} with the SHA-256 ${found}, but ${file.sha256} is expected: it is damaged there. Remove it, and it is offered again.`;
  throw new CycleboxError('MODEL_HASH_MISMATCH', message);
}

/** MODEL_MISSING: the model is not in the store. Who hands out jobs puts it there when told so. */
export class NotOffered extends CycleboxError {
  readonly sha256: string;

  constructor(sha256: string, where: string) {
    super('MODEL_MISSING', `The model ${sha256} is not in ${where}.`);
    this.sha256 = sha256;
  }
}
