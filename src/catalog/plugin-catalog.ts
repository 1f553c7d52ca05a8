/**
 * All domain pairs that the plugins in some folders register. A plugin with a fault is left out and reported as a
 * value; it never keeps the others from being found. Of two pairs with one id, the first plugin's counts.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  asCycleboxError,
  asDomainName,
  asPairId,
  CycleboxError,
  type DomainName,
  didYouMean,
  type PairId,
  packageRoot,
} from '../base/index.js';
import type { DomainPairContribution, ModelContribution, PluginManifest } from '../plugin-api/index.js';
import { readManifest } from './manifest.js';

/** A model as its manifest names it; `models/` finds the file. */
export type ModelReference = ModelContribution;

export interface PluginOrigin {
  readonly name: string;
  readonly version: string;
  /** Absolute path of the plugin's own folder. */
  readonly folder: string;
}

export interface DomainPair {
  readonly id: PairId;
  /** For people: `Satellite ⇄ map`. */
  readonly title: string;
  readonly description: string;
  /** A then B. */
  readonly domains: readonly [DomainName, DomainName];
  readonly plugin: PluginOrigin;
  /** By the domain that the model leads to; a direction without a model is not in it. */
  readonly models: ReadonlyMap<DomainName, ModelReference>;
}

export interface PluginCatalog {
  /** In the order of folders, then of plugin folder names. */
  readonly pairs: readonly DomainPair[];
  /** PLUGIN_INVALID, PLUGIN_ENGINE_MISMATCH, PLUGIN_DUPLICATE, FILE_NOT_FOUND for a folder that is not there. */
  readonly problems: readonly CycleboxError[];
  /** @throws CycleboxError PAIR_NOT_FOUND, with the pair that was probably meant */
  pair(id: string): DomainPair;
}

/** The plugins that come with cyclebox; `available-pairs.ts` joins them with a user's own. */
export const defaultPluginFolders: readonly string[] = [join(packageRoot, 'plugins')];

/**
 * @param folders each holds plugin folders, or is a plugin folder itself. Hidden folders and `node_modules` are passed
 * over; of the rest, a folder without a manifest is a problem, since something is missing there.
 */
export async function loadPlugins(folders: readonly string[] = defaultPluginFolders): Promise<PluginCatalog> {
  const pairs = new Map<string, DomainPair>();
  const problems: CycleboxError[] = [];
  for (const folder of await pluginFoldersIn(folders, problems)) {
    try {
      addPairs(await readManifest(folder), folder, pairs, problems);
    } catch (error) {
      problems.push(asCycleboxError(error, { plugin: basename(folder) }, 'PLUGIN_INVALID'));
    }
  }
  return new Catalog([...pairs.values()], problems);
}

async function pluginFoldersIn(folders: readonly string[], problems: CycleboxError[]): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of folders.map(each => resolve(each))) {
    try {
      for (const plugin of await pluginFoldersOf(folder)) found.add(plugin);
    } catch (error) {
      problems.push(folderProblem(folder, error));
    }
  }
  return [...found];
}

async function pluginFoldersOf(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  if (names.includes('package.json')) return [folder];
  const candidates = names
    .filter(name => !name.startsWith('.') && name !== 'node_modules')
    .map(name => join(folder, name));
  const isFolder = await Promise.all(
    candidates.map(path =>
      stat(path).then(
        status => status.isDirectory(),
        () => false,
      ),
    ),
  );
  return candidates.filter((_, i) => isFolder[i]);
}

function folderProblem(folder: string, error: unknown): CycleboxError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  const message = missing
    ? `The plugin folder ${folder} does not exist. Create it, or take it out of the list of plugin folders.`
    : `The plugin folder ${folder} could not be read: ${(error as Error).message}.`;
  return new CycleboxError(missing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', message, {
    subject: { file: folder },
    cause: error,
  });
}

function addPairs(
  manifest: PluginManifest,
  folder: string,
  pairs: Map<string, DomainPair>,
  problems: CycleboxError[],
): void {
  const plugin = { name: manifest.name, version: manifest.version, folder };
  for (const contribution of manifest.contributes.domainPairs ?? []) {
    const earlier = pairs.get(contribution.id);
    if (earlier) problems.push(duplicate(contribution.id, earlier.plugin, plugin));
    else pairs.set(contribution.id, toPair(contribution, plugin));
  }
}

function toPair(contribution: DomainPairContribution, plugin: PluginOrigin): DomainPair {
  const [a, b] = contribution.domains;
  return {
    id: asPairId(contribution.id),
    title: contribution.title ?? `${a} ⇄ ${b}`,
    description: contribution.description ?? '',
    domains: [asDomainName(a), asDomainName(b)],
    plugin,
    models: new Map(Object.entries(contribution.models ?? {}).map(([to, model]) => [asDomainName(to), model])),
  };
}

function duplicate(id: string, kept: PluginOrigin, dropped: PluginOrigin): CycleboxError {
  const message =
    `${dropped.name} (${dropped.folder}) registers the pair "${id}", which ${kept.name} (${kept.folder}) registers already. ` +
    `The pair of ${kept.name} is used; remove one of the two or change its id.`;
  return new CycleboxError('PLUGIN_DUPLICATE', message, { subject: { plugin: dropped.name, pair: id } });
}

/** Pairs and problems as they are given. */
export class Catalog implements PluginCatalog {
  readonly pairs: readonly DomainPair[];
  readonly problems: readonly CycleboxError[];

  constructor(pairs: readonly DomainPair[], problems: readonly CycleboxError[]) {
    this.pairs = pairs;
    this.problems = problems;
  }

  pair(id: string): DomainPair {
    const found = this.pairs.find(pair => pair.id === id);
    if (found) return found;
    const known: string[] = this.pairs.map(pair => pair.id);
    const list = known.length > 0 ? `known pairs are ${known.join(', ')}` : 'no plugin registers any pair';
    throw new CycleboxError(
      'PAIR_NOT_FOUND',
      `There is no pair "${id}"; ${list}.${didYouMean(id, known)}${this.#hint(id)}`,
      {
        subject: { pair: id },
      },
    );
  }

  /** The pair may be missing because its plugin was refused: then that is what to repair. */
  #hint(id: string): string {
    const refused = this.problems.find(problem => problem.subject.plugin?.endsWith(id));
    return refused ? ` A plugin was left out: ${refused.message}` : '';
  }
}
