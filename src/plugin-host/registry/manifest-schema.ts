/**
 * The schema of a plugin's `package.json`: npm's keys are left alone, those of cyclebox are strict, and each contribution point
 * adds its own fragment. The checks and the JSON Schema for editors (`plugin.schema.json`) are both made of it.
 */
import semver from 'semver';
import { z } from 'zod';
import type { PluginManifest } from '../../plugin-api/index.js';
import { isInside, points, staysInside } from '../points/index.js';

const readable = z
  .string()
  .refine(isOutsidePath, 'must be an absolute path, or one in the user\'s home ("~/pictures")');

/** Relative paths would depend on where the plugin lies; the plugin's own folder needs no permission. */
function isOutsidePath(path: string): boolean {
  return /^(?:~\/|\/|[A-Za-z]:[\\/])/.test(path) && !path.includes('\0') && !path.split(/[\\/]/).includes('..');
}

const permissions = z
  .strictObject({
    read: z.array(readable).exactOptional().describe('Folders and files that it may read, beside its own folder.'),
    write: z.array(readable).exactOptional().describe('Folders and files that it may write, beside its own storage.'),
    net: z.boolean().exactOptional().describe('Whether it may use the network.'),
    spawn: z.boolean().exactOptional().describe('Whether it may start other programs.'),
  })
  .describe('What its code may do beyond reading its own folder; shown before it is first enabled.');

const activationEvent = z
  .string()
  .regex(/^(?:onStartupFinished|on(?:Translate|Train|Command):[a-zA-Z0-9.-]+)$/, { error: wrongEvent });

function wrongEvent({ input }: { readonly input?: unknown }): string {
  return input === '*'
    ? '"*" would start it with every daemon; leave it out, or list "onStartupFinished"'
    : 'must be "onStartupFinished", "onTranslate:ID", "onTrain:ID" or "onCommand:ID"';
}

const contributes = z
  .strictObject({
    domainPairs: points.domainPairs.schema.describe(points.domainPairs.description).exactOptional(),
    preprocessors: points.preprocessors.schema.describe(points.preprocessors.description).exactOptional(),
    postprocessors: points.postprocessors.schema.describe(points.postprocessors.description).exactOptional(),
    routers: points.routers.schema.describe(points.routers.description).exactOptional(),
    recipes: points.recipes.schema.describe(points.recipes.description).exactOptional(),
    metrics: points.metrics.schema.describe(points.metrics.description).exactOptional(),
    commands: points.commands.schema.describe(points.commands.description).exactOptional(),
    configuration: points.configuration.schema.describe(points.configuration.description).exactOptional(),
  })
  .describe('What the plugin brings, by contribution point.');

export const manifestSchema = z.looseObject({
  // As npm has it.
  name: z
    .string()
    .min(1, 'must not be empty')
    .max(214, 'must have at most 214 characters')
    .describe('The npm name: errors, lists and settings name it by this.'),
  version: z
    .string()
    .refine(value => semver.valid(value) !== null, 'must be a version, such as "1.0.0"')
    .describe('Its version: "1.0.0".'),
  publisher: z.string().min(1).exactOptional().describe('Who answers for it. Needed when it is handed on.'),
  description: z.string().exactOptional(),
  engines: z.looseObject({
    cyclebox: z
      .string()
      .max(200, 'must have at most 200 characters')
      .refine(value => semver.validRange(value) !== null, 'must be a semver range, such as "^1.0.0"')
      .describe('The versions of the plugin API that it was made for: "^1.0.0".'),
  }),
  main: z
    .string()
    .refine(path => isInside(path.replace(/^\.\//, '')), staysInside)
    .exactOptional()
    .describe('The module with "activate", for plugins with code.'),
  activationEvents: z
    .array(activationEvent)
    .exactOptional()
    .describe('Beyond those that follow from "contributes"; seldom needed.'),
  permissions: permissions.exactOptional(),
  contributes,
});

/** What the schema lets through; a test holds it equal to the type that authors see. */
export type ParsedManifest = z.infer<typeof manifestSchema>;

export const asManifest = (parsed: ParsedManifest): PluginManifest => parsed;

/** The JSON Schema of a plugin's `package.json`, as published. */
export function pluginJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(manifestSchema, { io: 'input', target: 'draft-7' });
  return { $schema, title: 'package.json of a plugin of cyclebox', ...schema };
}

/** Every key that the schema knows, for guesses. */
export const manifestKeys: readonly string[] = [...new Set(keysIn(pluginJsonSchema()))];

function keysIn(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, ...rest } = schema as { readonly properties?: object };
  const inside = [...Object.values(properties ?? {}), ...Object.values(rest)];
  return [...Object.keys(properties ?? {}), ...inside.flatMap(keysIn)];
}
