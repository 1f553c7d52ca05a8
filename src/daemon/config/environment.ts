/**
 * Every key of `watch-config.json` as an environment variable: `CYCLEBOX_SETTLE_MS` is `settleMs`, `CYCLEBOX_DASHBOARD__PORT` is
 * `port` in `dashboard`. The names are made of the schema, so that a new key has its variable at once. What a variable says
 * stands in place of what the file says, and is checked with it.
 */
import { z } from 'zod';
import { CycleboxError, closestTo } from '../../base/index.js';
import type { Overlay } from '../../commented-json/index.js';
import { configSchema } from './config-schema.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentKey {
  /** `CYCLEBOX_DASHBOARD__PORT` */
  readonly variable: string;
  /** `['dashboard', 'port']` */
  readonly path: readonly string[];
  readonly schema: z.ZodType;
  readonly description: string;
}

const prefix = 'CYCLEBOX_';

/** Variables of cyclebox that are no keys. */
const otherVariables: ReadonlySet<string> = new Set(
  [
    'LOG',
    'MIRRORS',
    'FAULTS',
    'FAULTS_FULL',
    'FAULTS_SEED',
    'REQUIRE',
    'BUNDLE',
    'GOLDEN',
    'VULKAN_ICD',
    'TENSORBOARD_PYTHON',
    'TFJS_MODULES',
  ].map(name => prefix + name),
);

let known: readonly EnvironmentKey[] | undefined;

/** In the order of the schema; an object comes before the keys in it. */
export function environmentKeys(): readonly EnvironmentKey[] {
  known ??= keysIn(configSchema.shape, []);
  return known;
}

function keysIn(shape: Readonly<Record<string, unknown>>, above: readonly string[]): EnvironmentKey[] {
  return Object.entries(shape).flatMap(([key, given]) => {
    if (key === '$schema') return [];
    const [path, schema] = [[...above, key], given as z.ZodType];
    const own = { variable: variableOf(path), path, schema, description: schema.description ?? '' };
    return [own, ...shapesOf(schema).flatMap(inner => keysIn(inner, path))].filter(isFirst);
  });
}

/** Alternatives of a key may have keys in common. */
function isFirst({ variable }: EnvironmentKey, index: number, all: readonly EnvironmentKey[]): boolean {
  return all.findIndex(one => one.variable === variable) === index;
}

/** The keys of an object; of each of them where it may be one of several; none for what is no object. */
function shapesOf(schema: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return shapesOf(schema.unwrap());
  if (schema instanceof z.ZodObject) return [schema.shape];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(shapesOf);
  return [];
}

/** `settleMs` → `CYCLEBOX_SETTLE_MS` */
export function variableOf(path: readonly string[]): string {
  return prefix + path.map(key => key.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()).join('__');
}

/**
 * What the environment says of the configuration. An empty variable says nothing.
 * @throws CONFIG_INVALID for a variable that is none of a key but almost has the name of one
 */
export function overlaysOf(environment: Environment): readonly Overlay[] {
  const misspelt = unknownVariables(environment).flatMap(({ variable, closest }) =>
    closest === undefined
      ? []
      : `the environment's ${variable} is no key of the configuration. Did you mean ${closest}?`,
  );
  if (misspelt.length > 0) throw new CycleboxError('CONFIG_INVALID', misspelt.join('\n'));
  return environmentKeys().flatMap(({ variable, path, schema }) => {
    const text = environment[variable];
    if (!text) return [];
    return { path, value: meantBy(text, schema), source: `the environment's ${variable}` };
  });
}

/** JSON where the key takes what that gives; else the text as it is. A text that could be both, such as `12` for a folder, is what the key takes. */
function meantBy(text: string, schema: z.ZodType): unknown {
  const json = parsed(text);
  if (json === undefined || typeof json === 'string') return text;
  return schema.safeParse(json).success || !schema.safeParse(text).success ? json : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Variables that begin as ours do and are none, each with the one that was probably meant. */
export function unknownVariables(
  environment: Environment,
): readonly { readonly variable: string; readonly closest?: string | undefined }[] {
  const keys = new Set(environmentKeys().map(({ variable }) => variable));
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith(prefix) && value && !keys.has(name) && !otherVariables.has(name))
    .filter(([name, value]) => !isServiceLink(name, value))
    .map(([variable]) => ({ variable, closest: closestKey(variable, keys) }));
}

/** Compared without the prefix, which all have in common. */
function closestKey(variable: string, keys: ReadonlySet<string>): string | undefined {
  const closest = closestTo(
    variable.slice(prefix.length),
    [...keys].map(key => key.slice(prefix.length)),
  );
  return closest && prefix + closest;
}

/** Kubernetes tells every container of the services beside it, one called `cyclebox` among them. */
function isServiceLink(name: string, value = ''): boolean {
  return /^(tcp|udp|sctp):\/\//.test(value) || /_(SERVICE_(HOST|PORT)(_.*)?|PORT_\d+_(TCP|UDP|SCTP)(_.*)?)$/.test(name);
}
