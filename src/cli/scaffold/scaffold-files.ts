/**
 * The files of a new plugin, by path, of three kinds and in two languages: each validates as it is, and its test passes. Text and
 * bytes only; who writes them is `new-plugin.ts`.
 */
import { dirname } from 'node:path/posix';
import { packageVersion } from '../../base/index.js';
import { type DomainPairContribution, type PluginManifest, pluginApiVersion } from '../../plugin-api/index.js';
import { codeFiles } from './code-files.js';
import { pairFiles } from './pair-files.js';
import { placeholderPair } from './placeholder-pair.js';
import { readmeOf } from './readme.js';
import type { PluginKind, ScaffoldLanguage, ScaffoldOptions } from './scaffold-options.js';

export function scaffoldFiles(options: ScaffoldOptions): ReadonlyMap<string, string | Uint8Array> {
  const { name, kind, language } = options;
  const pair = kind === 'processor' ? undefined : placeholderPair(name);
  const manifest = manifestOf(options, pair?.contribution);
  return new Map<string, string | Uint8Array>([
    ['package.json', `${JSON.stringify(manifest, null, 2)}\n`],
    ['README.md', readmeOf(options, pair?.contribution.domains)],
    ['.gitignore', 'node_modules/\ndist/\n'],
    ...(pair?.models ?? []),
    ...(kind === 'pair' ? pairFiles(language) : codeFiles(name, kind, language)),
  ]);
}

/** Where compilers put it, in TypeScript. */
export function mainOf(language: ScaffoldLanguage): string {
  return language === 'ts' ? 'dist/src/main.js' : 'src/main.js';
}

function manifestOf({ name, kind, language }: ScaffoldOptions, pair: DomainPairContribution | undefined): object {
  const types = language === 'ts' ? { '@types/node': '^20', typescript: '^5.9' } : {};
  return {
    $schema: './node_modules/cyclebox/plugin.schema.json',
    name,
    version: '0.1.0',
    publisher: 'your-name',
    description: kind === 'processor' ? 'Makes results warmer.' : 'A pair of domains.',
    license: 'MIT',
    keywords: ['cyclebox-plugin'],
    type: 'module',
    engines: { cyclebox: `^${pluginApiVersion}` },
    ...(kind !== 'pair' && { main: mainOf(language) }),
    contributes: contributionsOf(name, kind, pair),
    files: [...(pair ? ['*.onnx'] : []), ...(kind === 'pair' ? [] : [dirname(mainOf(language))])],
    scripts: scriptsOf(kind, language),
    devDependencies: { cyclebox: `^${packageVersion()}`, ...types },
  } satisfies PluginManifest & Record<string, unknown>;
}

function contributionsOf(
  name: string,
  kind: PluginKind,
  pair: DomainPairContribution | undefined,
): PluginManifest['contributes'] {
  const strength = { type: 'number', default: 0.5, minimum: 0, maximum: 1, description: 'How much warmer.' } as const;
  const code = {
    postprocessors: [{ id: name, title: 'Warmer colours' }],
    ...(kind === 'full' && {
      preprocessors: [{ id: `${name}-levels`, title: 'Full range of brightness' }],
      commands: [{ command: `${name}.strength`, title: 'Say how much warmer results become' }],
    }),
    configuration: { properties: { strength } },
  };
  return { ...(pair && { domainPairs: [pair] }), ...(kind !== 'pair' && code) };
}

/** Tests are run by Node itself; those in TypeScript are compiled with the rest. */
function scriptsOf(kind: PluginKind, language: ScaffoldLanguage): Record<string, string> {
  const file = kind === 'pair' ? 'models' : 'warm';
  if (language === 'js') return { test: `node --test test/${file}.test.js` };
  return { build: 'tsc', test: `tsc && node --test dist/test/${file}.test.js` };
}
