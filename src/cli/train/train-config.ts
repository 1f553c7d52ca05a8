/**
 * `train.json`: the options of a training in a file, JSON with comments, by the names of the schema. Paths in it are relative
 * to the file. What is given on the command line goes before what stands here.
 */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { parseCommentedJson, readConfigText } from '../../commented-json/index.js';
import { type TrainingFile, trainingFileSchema } from '../../training/index.js';
import { propertiesOf } from '../options/index.js';

/** With absolute paths. @throws CONFIG_NOT_FOUND, CONFIG_INVALID with every fault, its line and what is allowed */
export async function readTrainingFile(file: string): Promise<TrainingFile> {
  const path = resolve(file);
  return withAbsolutePaths(parseTrainingFile(await readConfigText(path), path), dirname(path));
}

/** @param file its name, for messages */
export function parseTrainingFile(text: string, file: string): TrainingFile {
  return parseCommentedJson(text, {
    file,
    schema: trainingFileSchema,
    knownKeys: () => Object.keys(trainingFileSchema.shape),
    complaint: (name, value, allowed) => `${name} is ${JSON.stringify(value)}; allowed: ${allowed}`,
  });
}

function withAbsolutePaths(options: TrainingFile, folder: string): TrainingFile {
  const properties = propertiesOf(trainingFileSchema);
  const entries = Object.entries(options).map(([name, value]) => {
    return [name, properties[name]?.path === true ? resolve(folder, String(value)) : value] as const;
  });
  return Object.fromEntries(entries);
}

/** The JSON Schema of `train.json`, as checked in. */
export function trainingFileJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(trainingFileSchema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => leaveOutOwnWords(jsonSchema),
  });
  return { $schema, title: 'train.json', allowTrailingCommas: true, ...schema };
}

/** What only the command line reads, and limits that no editor has to tell. */
export function leaveOutOwnWords(jsonSchema: Record<string, unknown>): void {
  for (const key of ['flag', 'short', 'path', 'readOnly']) delete jsonSchema[key];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
}
