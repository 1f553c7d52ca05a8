import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorCodes, packageRoot } from '../../src/base/index.js';
import { withEnvironmentTable } from '../../src/cli/options/environment-table.js';
import { withOptionTables } from '../../src/cli/options/option-table.js';
import { parseSweepFile, sweepFileJsonSchema } from '../../src/cli/train/sweep-config.js';
import { parseTrainingFile, trainingFileJsonSchema } from '../../src/cli/train/train-config.js';
import { configJsonSchema, parseConfig, resolveConfig } from '../../src/daemon/index.js';
import { inboxDefaults } from '../../src/inbox/index.js';
import { pluginJsonSchema } from '../../src/plugin-host/index.js';
import { metricFacts, warningIds } from '../../src/training/index.js';

const read = (name: string): Promise<string> => readFile(join(packageRoot, name), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...(await readdir(join(packageRoot, 'docs'))).filter(name => name.endsWith('.md')).map(name => `docs/${name}`),
];

/** The code blocks of a page, by language (`''` for indented or unnamed ones). */
async function blocks(page: string, language: string): Promise<readonly string[]> {
  const matches = (await read(page)).matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```/gm);
  return [...matches].filter(([, name]) => name === language).map(([, , body]) => body!);
}

/** First cells of the rows of a page's tables, without back-ticks. */
async function firstCells(page: string): Promise<readonly string[]> {
  return [...(await read(page)).matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => cell!);
}

function help(...words: readonly string[]): Promise<string> {
  const entry = join(packageRoot, 'dist', 'cli', 'main.js');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [entry, ...words, '--help'], (error, out) => (error ? reject(error) : resolve(out)));
  });
}

describe('README', () => {
  test('shows set-up, demo, start and test on its first screen', async () => {
    const screen = (await read('README.md')).split('\n').slice(0, 30).join('\n');
    for (const command of ['npm ci && npm run demo', 'npm ci && npm start', 'npm ci && npm test'])
      expect(screen).toContain(command);
  });

  test('names no npm script that is not there', async () => {
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
    for (const page of pages) {
      const named = [...(await read(page)).matchAll(/npm (?:run (?:--silent )?([\w:-]+)|(test|start)\b)/g)];
      for (const [, script, short] of named) expect(Object.keys(scripts), page).toContain(script ?? short);
    }
  });
});

describe('docs in step', () => {
  test('docs/errors.md lists every code with its meaning, in the order of the table in the code', async () => {
    const rows = [...(await read('docs/errors.md')).matchAll(/^\| `([A-Z_]+)` +\| (.*?) +\|/gm)];
    expect(rows.map(([, code, meaning]) => [code, meaning])).toEqual(Object.entries(errorCodes));
  });

  test('docs/dependencies.md has one line for each dependency', async () => {
    const { dependencies, devDependencies } = JSON.parse(await read('package.json'));
    const expected = [...Object.keys(dependencies), ...Object.keys(devDependencies)].sort();
    expect([...(await firstCells('docs/dependencies.md'))].sort()).toEqual(expected);
  });

  test('docs/watch-config.md lists every key', async () => {
    const cells = await firstCells('docs/watch-config.md');
    const { properties } = configJsonSchema() as { properties: Record<string, unknown> };
    for (const key of Object.keys(properties)) expect(cells).toContain(key);
  });

  test('every configuration shown is valid', async () => {
    const shown = (await Promise.all(pages.map(page => blocks(page, 'jsonc')))).flat();
    expect(shown.length).toBeGreaterThan(0);
    const ofTraining = shown.filter(text => text.includes('train.schema.json'));
    expect(ofTraining.length).toBeGreaterThan(0);
    for (const text of ofTraining) expect(() => parseTrainingFile(text, 'example')).not.toThrow();
    const ofSweeps = shown.filter(text => text.includes('sweep.schema.json'));
    expect(ofSweeps.length).toBeGreaterThan(0);
    for (const text of ofSweeps) expect(() => parseSweepFile(text, 'example')).not.toThrow();
    for (const text of shown.filter(each => !ofTraining.includes(each) && !ofSweeps.includes(each)))
      expect(() => resolveConfig(parseConfig(text, 'example'), '/')).not.toThrow();
    expect(() => parseConfig('{ "inbocks": "x", "routes": [] }', 'example')).toThrow(/inbox/);
  });

  test('docs/watch-config.md and the schema say the defaults that hold', async () => {
    const page = await read('docs/watch-config.md');
    const { properties } = configJsonSchema() as {
      readonly properties: Record<string, { readonly description: string }>;
    };
    const said = Object.entries(inboxDefaults).filter(([key]) => key in properties);
    expect(said.length).toBeGreaterThan(8);
    for (const [key, value] of said) {
      expect(page).toMatch(
        new RegExp(`^\\| \`${key}\` +\\| \`${JSON.stringify(value).replace(/[[\]]/g, '\\$&')}\` +\\|`, 'm'),
      );
      if (key !== 'ignore') expect(properties[key]!.description).toContain(`Default ${JSON.stringify(value)}`);
    }
  });

  test('watch-config.schema.json is the one that npm run schema writes', async () => {
    expect(JSON.parse(await read('watch-config.schema.json'))).toEqual(configJsonSchema());
  });

  test('docs/watch-config.md lists every environment variable: else run "npm run schema"', async () => {
    const page = await read('docs/watch-config.md');
    expect(page).toBe(withEnvironmentTable(page));
    expect(page).toContain('| `CYCLEBOX_DASHBOARD__PORT` | `dashboard.port` |');
  });

  test('plugin.schema.json is the one that npm run schema writes', async () => {
    expect(JSON.parse(await read('plugin.schema.json'))).toEqual(pluginJsonSchema());
  });

  test('sweep.schema.json is the one that npm run schema writes', async () => {
    expect(JSON.parse(await read('sweep.schema.json'))).toEqual(sweepFileJsonSchema());
  });

  test('train.schema.json and the options in docs/training.md are those that npm run schema writes', async () => {
    expect(JSON.parse(await read('train.schema.json'))).toEqual(trainingFileJsonSchema());
    const page = await read('docs/training.md');
    expect(page).toBe(withOptionTables(page));
  });

  test('what docs/training.md says of other programs’ options names flags that exist', async () => {
    const [, table] = (await read('docs/training.md')).split('## Coming from another CycleGAN');
    const known = new Set((await help('train')).match(/--[a-z][a-z-]*/g));
    const rows = [...table!.matchAll(/^\| (.*?) \| (.*) \|$/gm)].slice(2);
    const flags = rows.flatMap(([, , here]) => here!.match(/--[a-z][a-z-]*/g) ?? []);
    expect(flags.length).toBeGreaterThan(20);
    for (const flag of flags) expect([...known]).toContain(flag);
  });

  test('every command line shown uses commands and options that exist', async () => {
    const shown = (await Promise.all(pages.map(page => blocks(page, 'sh')))).flat().join('\n').replaceAll('\\\n', ' ');
    const lines = [...shown.matchAll(/^(?:npx )?cyclebox ([\w-]+)(.*)$/gm)];
    expect(lines.length).toBeGreaterThan(3);
    const helps = new Map<string, string>();
    for (const [line, command, rest] of lines) {
      if (!helps.has(command!)) helps.set(command!, await help(command!));
      const [second] = rest!.trim().split(' ');
      // A group may do something by itself, too: `cyclebox pairs --plugins …`.
      const isGroup = helps.get(command!)!.includes('\nCommands:') && /^\w/.test(second ?? '');
      const words = isGroup ? `${command} ${second}` : command!;
      if (!helps.has(words)) helps.set(words, await help(...words.split(' ')));
      const text = helps.get(words)!;
      for (const [option] of rest!.split('#')[0]!.matchAll(/(?<= )--?[a-z-]+/g))
        expect(text, line).toMatch(new RegExp(`^ .*(?:^|[ ,])${option}(?=[ ,]|$)`, 'm'));
    }
  });

  test('docs/evaluation.md lists every figure of an evaluation, which way is better, and every warning', async () => {
    const text = await read('docs/evaluation.md');
    const cells = [...text.matchAll(/^\| (`[^|]+`) +\| (\w*) *\|/gm)].flatMap(([, names, better]) =>
      [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => [name!, better!] as const),
    );
    const listed = new Map(cells);
    for (const [name, facts] of Object.entries(metricFacts)) {
      expect(listed.get(name), name).toBe('better' in facts ? facts.better : '');
    }
    for (const id of warningIds) expect(listed.has(id) || text.includes(`| \`${id}\``), id).toBe(true);
  });

  test('every link and picture leads to a file that is there', async () => {
    const broken: string[] = [];
    for (const page of pages) {
      const links = (await read(page)).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g);
      for (const [, link] of links)
        if (!existsSync(join(packageRoot, dirname(page), link!))) broken.push(`${page}: ${link}`);
    }
    expect(broken).toEqual([]);
  });

  test('every file and folder that CONTRIBUTING.md names is there', async () => {
    const named = [...(await read('CONTRIBUTING.md')).matchAll(/`((?:src|test|docs|tools|plugins|\.ci)\/[\w./-]*)`/g)];
    expect(named.length).toBeGreaterThan(10);
    for (const [, path] of named) expect(existsSync(join(packageRoot, path!)), path).toBe(true);
  });
});
