/** `sweep.json`, read as `train.json` is: JSON with comments, paths relative to the file. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type JsonPath, parseCommentedJson, readConfigText } from '../../commented-json/index.js';
import { type SweepFile, sweepFileSchema, trainingFileSchema } from '../../training/index.js';
import { propertiesOf } from '../options/index.js';
import { leaveOutOwnWords } from './train-config.js';

/** With absolute paths. @throws CONFIG_NOT_FOUND, CONFIG_INVALID with every fault, its line and what is allowed */
export async function readSweepFile(file: string): Promise<SweepFile> {
  const path = resolve(file);
  return withAbsolutePaths(parseSweepFile(await readConfigText(path), path), dirname(path));
}

/** @param file its name, for messages */
export function parseSweepFile(text: string, file: string): SweepFile {
  return parseCommentedJson(text, {
    ...{ file, schema: sweepFileSchema, knownKeys },
    complaint: (name, value, allowed) => `${name} is ${JSON.stringify(value)}; allowed: ${allowed}`,
  });
}

function knownKeys(path: JsonPath): string[] {
  if (path.length === 0) return Object.keys(sweepFileSchema.shape);
  return [...Object.keys(trainingFileSchema.shape), ...(path[0] === 'rows' ? ['name'] : [])];
}

function withAbsolutePaths({ base, factors, rows, ...rest }: SweepFile, folder: string): SweepFile {
  const properties = propertiesOf(trainingFileSchema);
  const absolute = (name: string, value: unknown): unknown => {
    if (properties[name]?.path !== true) return value;
    return Array.isArray(value) ? value.map(one => resolve(folder, String(one))) : resolve(folder, String(value));
  };
  const each = <T extends object>(options: T): T =>
    Object.fromEntries(Object.entries(options).map(([name, value]) => [name, absolute(name, value)])) as T;
  return {
    ...rest,
    ...(base && { base: each(base) }),
    ...(factors && { factors: each(factors) }),
    ...(rows && { rows: rows.map(each) }),
  };
}

/** The JSON Schema of `sweep.json`, as checked in. */
export function sweepFileJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(sweepFileSchema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => leaveOutOwnWords(jsonSchema),
  });
  return { $schema, title: 'sweep.json', allowTrailingCommas: true, ...schema };
}
