/** Schema, documentation and types of contribution points say the same. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import type { PluginManifest } from '../../src/plugin-api/index.js';
import {
  type ContributionPoint,
  manifestSchema,
  type ParsedManifest,
  pointNames,
  points,
} from '../../src/plugin-host/index.js';
import { pluginApiPage } from '../../tools/write-plugin-api.mjs';

const read = (name: string) => readFile(join(packageRoot, name), 'utf8');

/** As the schema has it, whose lists can be written to. */
type Plain<T> = { -readonly [K in keyof T]: Plain<T[K]> };

/** Compiles only where all that authors may write passes the schema; the other way round is the schema's own business. */
const asParsed = (manifest: Plain<PluginManifest>): ParsedManifest => manifest;

const all = pointNames.map(name => points[name] as unknown as ContributionPoint);

describe.each(all.map(point => [point.name, point] as const))('%s', (name, point) => {
  test('has an example that its schema takes, and that the whole manifest takes', () => {
    expect(point.schema.safeParse(point.example).error).toBeUndefined();
    const manifest = {
      name: 'a',
      version: '1.0.0',
      engines: { cyclebox: '^1.0.0' },
      contributes: { [name]: point.example },
    };
    expect(manifestSchema.safeParse(manifest).data).toEqual(manifest);
  });

  test('is described to editors in the words of its point, and takes nothing that it does not name', async () => {
    const schema = JSON.parse(await read('plugin.schema.json'));
    const fragment = schema.properties.contributes.properties[name];
    expect(fragment.description).toBe(point.description);
    expect((fragment.items ?? fragment).additionalProperties).toBe(false);
  });

  test('has its row in docs/plugins.md, with what it starts on', async () => {
    const [item] = point.items(point.example);
    const event = point.activationEventOf(item!)?.replace(/:.*/, ':ID');
    const row = event === undefined ? `| \`${name}\` | .* | no \\|` : `| \`${name}\` | .* | \`${event}\` \\|`;
    expect(await read('docs/plugins.md')).toMatch(new RegExp(row.replaceAll('| ', '\\| ')));
  });
});

test('every key of the schema is a key of the types that authors see', async () => {
  const api = await read('docs/plugin-api.md');
  const keys = new Set<string>();
  const gather = (schema: unknown): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties = {}, ...rest } = schema as { properties?: Record<string, unknown> };
    for (const key of Object.keys(properties)) keys.add(key);
    for (const inner of [...Object.values(properties), ...Object.values(rest)]) gather(inner);
  };
  gather(JSON.parse(await read('plugin.schema.json')));
  expect(keys.size).toBeGreaterThan(40);
  for (const key of keys)
    expect(api, key).toMatch(new RegExp(`^ +readonly ${key}\\??:|[{;] readonly ${key}\\??:`, 'm'));
});

test('docs/plugin-api.md is the one that npm run schema writes', async () => {
  expect(await read('docs/plugin-api.md')).toBe(pluginApiPage());
});

test('what types allow is what the schema takes', () => {
  const manifest = { name: 'a', version: '1.0.0', engines: { cyclebox: '^1.0.0' }, contributes: {} };
  expect(manifestSchema.parse(asParsed(manifest))).toEqual(manifest);
});
