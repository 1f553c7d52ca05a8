/** The work of `cyclebox pairs`. Faulty plugins and models make the exit code 1; models that are missing do not. */
import { access } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { asCycleboxError, type CycleboxError, type DomainName } from '../../base/index.js';
import {
  availablePairs,
  type Direction,
  type DomainPair,
  directionsOf,
  type ModelReference,
} from '../../catalog/index.js';
import { datasets } from '../../datasets/index.js';
import { type DirectionHealth, healthText, readHealth } from '../../health/index.js';
import { loadPluginSet } from '../../plugin-host/index.js';
import { findProject, type PluginProject } from '../plugins/index.js';
import { exitCodes, printError } from '../terminal/index.js';
import { describeWorth } from './describe-worth.js';

export interface ListPairsOptions {
  readonly config?: string;
  readonly plugins?: readonly string[];
  readonly models?: string;
  readonly json?: boolean;
}

/** With what the self-test found of this very model, where it was tested. */
type ListedDirection = Direction & { readonly health?: DirectionHealth };

interface Listed {
  readonly pair: DomainPair;
  readonly directions: readonly ListedDirection[];
  /** The README of the plugin, where there is one: it says how the models came about and how they were measured. */
  readonly card: string | undefined;
}

/** @returns the exit code */
export async function listPairs({
  config: file = 'watch-config.json',
  plugins = [],
  models,
  json = false,
}: ListPairsOptions): Promise<number> {
  const { options, config, state } = await projectOf(file, plugins);
  const catalog = availablePairs(await loadPluginSet(options));
  const modelStore = models ?? config?.models;
  const health = await readHealth(state);
  const listed = await Promise.all(
    catalog.pairs.map(async pair => ({
      pair,
      directions: (await directionsOf(pair, { modelStore })).map(direction => {
        const found = health.get(`${pair.id}/${direction.to}`);
        return found && found.sha256 === direction.model?.sha256 ? { ...direction, health: found } : direction;
      }),
      card: await cardOf(pair),
    })),
  );
  process.stdout.write(json ? toJson(listed, catalog.problems) : listed.map(toText).join('\n'));
  for (const problem of catalog.problems) printError(problem);
  return catalog.problems.length > 0 || listed.some(isFaulty) ? exitCodes.failed : exitCodes.ok;
}

/** A configuration that is wrong keeps nobody from seeing what there is. */
async function projectOf(config: string, plugins: readonly string[]): Promise<PluginProject> {
  try {
    return await findProject({ config, plugins });
  } catch (error) {
    printError(asCycleboxError(error));
    return { config: undefined, state: resolve('.cyclebox'), options: { folders: plugins } };
  }
}

/** Whether there is a model that is not what it should be. */
function isFaulty({ directions }: Listed): boolean {
  return directions.some(({ problem }) => problem !== undefined && problem.code !== 'MODEL_MISSING');
}

async function cardOf({ plugin }: DomainPair): Promise<string | undefined> {
  const path = join(plugin.folder, 'README.md');
  return await access(path).then(
    () => path,
    () => undefined,
  );
}

function toText({ pair, directions, card }: Listed): string {
  const head = `${pair.id}  ${pair.title}  (plugin ${pair.plugin.name} ${pair.plugin.version})`;
  const width = Math.max(...directions.map(({ from, to }) => `${from} → ${to}`.length));
  const lines = directions.flatMap(direction => [
    `  ${`${direction.from} → ${direction.to}`.padEnd(width)}  ${state(direction)}`,
    ...(direction.model ? describeWorth(pair.models.get(direction.to)).map(line => `    ${line}`) : []),
    ...(direction.health ? [`    self-test: ${healthText(direction.health)}`] : []),
  ]);
  const hasModel = directions.some(({ model }) => model !== undefined);
  const about = card === undefined || !hasModel ? [] : [`  model card: ${shortPath(card)}`];
  return `${[head, ...lines, ...about, ...hint(pair, directions)].join('\n')}\n`;
}

function state({ model, problem }: Direction): string {
  if (model) return `${shortPath(model.path)}, ${(model.sizeBytes / 1e6).toFixed(1)} MB`;
  return problem.code === 'MODEL_MISSING' ? 'no model yet' : problem.toString();
}

function hint({ id, domains: [a, b] }: DomainPair, directions: readonly Direction[]): string[] {
  if (!directions.some(({ problem }) => problem?.code === 'MODEL_MISSING')) return [];
  const published = datasets.find(({ pair }) => pair?.id === id);
  return [
    `  to train: cyclebox train --pair ${id} --a DIR_OF_${a.toUpperCase()} --b DIR_OF_${b.toUpperCase()} --out DIR`,
    ...(published ? [`  images to train on: cyclebox dataset pull ${published.name}`] : []),
  ];
}

function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

function toJson(listed: readonly Listed[], problems: readonly CycleboxError[]): string {
  const pairs = listed.map(({ pair, directions, card }) => ({
    id: pair.id,
    title: pair.title,
    description: pair.description,
    domains: pair.domains,
    plugin: pair.plugin,
    ...(card !== undefined && { card }),
    directions: directions.map(({ from, to, model, problem, health }) => ({
      from,
      to,
      ...(model ? { model } : { problem: toPlain(problem) }),
      ...worthOf(pair, to),
      ...(health && { health }),
    })),
  }));
  return `${JSON.stringify({ pairs, problems: problems.map(toPlain) }, null, 2)}\n`;
}

/** Absent where the manifest does not say. */
function worthOf(pair: DomainPair, to: DomainName): Pick<ModelReference, 'quality' | 'licence'> {
  const { quality, licence } = pair.models.get(to) ?? {};
  return { ...(quality && { quality }), ...(licence && { licence }) };
}

const toPlain = ({ code, message }: CycleboxError) => ({ code, message });
