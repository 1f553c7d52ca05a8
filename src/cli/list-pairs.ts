/** The work of `cyclebox pairs`. Faulty plugins are named on stderr and make the exit code 1; missing models do not. */
import { relative } from 'node:path';
import type { CycleboxError } from '../base/index.js';
import { type Direction, type DomainPair, directionsOf, loadPlugins } from '../catalog/index.js';
import { exitCodes, printError } from './report-error.js';

export interface ListPairsOptions {
  readonly plugins?: readonly string[];
  readonly models?: string;
  readonly json?: boolean;
}

interface Listed {
  readonly pair: DomainPair;
  readonly directions: readonly Direction[];
}

/** @returns the exit code */
export async function listPairs({ plugins, models, json = false }: ListPairsOptions): Promise<number> {
  const catalog = await loadPlugins(plugins);
  const listed = await Promise.all(
    catalog.pairs.map(async pair => ({ pair, directions: await directionsOf(pair, { modelStore: models }) })),
  );
  process.stdout.write(json ? toJson(listed, catalog.problems) : listed.map(toText).join('\n'));
  for (const problem of catalog.problems) printError(problem);
  return catalog.problems.length > 0 ? exitCodes.failed : exitCodes.ok;
}

function toText({ pair, directions }: Listed): string {
  const head = `${pair.id}  ${pair.title}  (plugin ${pair.plugin.name} ${pair.plugin.version})`;
  const width = Math.max(...directions.map(({ from, to }) => `${from} → ${to}`.length));
  const lines = directions.map(
    direction => `  ${`${direction.from} → ${direction.to}`.padEnd(width)}  ${state(direction)}`,
  );
  return `${[head, ...lines, ...hint(pair, directions)].join('\n')}\n`;
}

function state({ model, problem }: Direction): string {
  if (model) return `${shortPath(model.path)}, ${(model.sizeBytes / 1e6).toFixed(1)} MB`;
  return problem.code === 'MODEL_MISSING' ? 'no model yet' : problem.toString();
}

function hint({ id, domains: [a, b] }: DomainPair, directions: readonly Direction[]): string[] {
  if (!directions.some(({ problem }) => problem?.code === 'MODEL_MISSING')) return [];
  return [
    `  to train: cyclebox train --pair ${id} --a DIR_OF_${a.toUpperCase()} --b DIR_OF_${b.toUpperCase()} --out DIR`,
  ];
}

function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

function toJson(listed: readonly Listed[], problems: readonly CycleboxError[]): string {
  const pairs = listed.map(({ pair, directions }) => ({
    id: pair.id,
    title: pair.title,
    description: pair.description,
    domains: pair.domains,
    plugin: pair.plugin,
    directions: directions.map(({ from, to, model, problem }) => ({
      from,
      to,
      ...(model ? { model } : { problem: toPlain(problem) }),
    })),
  }));
  return `${JSON.stringify({ pairs, problems: problems.map(toPlain) }, null, 2)}\n`;
}

const toPlain = ({ code, message }: CycleboxError) => ({ code, message });
