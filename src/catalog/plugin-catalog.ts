/**
 * The domain pairs that plugins in force contribute, as the rest of cyclebox sees them. A plugin with a fault is left out and
 * reported as a value; it never keeps the others from being found. Of two pairs with one id, the first plugin's counts.
 */
import { asDomainName, asPairId, CycleboxError, type DomainName, didYouMean, type PairId } from '../base/index.js';
import type { DomainPairContribution, ModelContribution, OutputNaming } from '../plugin-api/index.js';
import {
  builtInFolder,
  ContributionTable,
  type Contributor,
  contributionsOf,
  loadPluginSet,
  type PluginSet,
  points,
} from '../plugin-host/index.js';

/** A model as its manifest names it; `locateModel` finds the file. */
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
  /** How results are called where a route does not say; undefined: as their images are. */
  readonly output: OutputNaming | undefined;
}

export interface PluginCatalog {
  /** A user's own first, in the order of folders, then of plugin folder names. */
  readonly pairs: readonly DomainPair[];
  /** PLUGIN_INVALID, PLUGIN_ENGINE_MISMATCH, PLUGIN_DUPLICATE, FILE_NOT_FOUND for a folder that is not there. */
  readonly problems: readonly CycleboxError[];
  /** @throws CycleboxError PAIR_NOT_FOUND, with the pair that was probably meant */
  pair(id: string): DomainPair;
}

/** The plugins in some folders, each of which holds plugin folders, or is one itself; by default those that come with cyclebox. */
export async function loadPlugins(folders: readonly string[] = [builtInFolder]): Promise<PluginCatalog> {
  return catalogOf(await loadPluginSet({ folders, builtIn: false }));
}

/** What the plugins of a set contribute, and what is wrong with them. */
export function catalogOf(set: PluginSet): PluginCatalog {
  const table = new ContributionTable(points.domainPairs);
  table.replace(contributionsOf(set, 'domainPairs'));
  return new Catalog(
    table.all.map(({ plugin, value }) => toPair(value, plugin)),
    [...set.problems, ...table.problems],
  );
}

function toPair(contribution: DomainPairContribution, { name, version, folder }: Contributor): DomainPair {
  const [a, b] = contribution.domains;
  return {
    id: asPairId(contribution.id),
    title: contribution.title ?? `${a} ⇄ ${b}`,
    description: contribution.description ?? '',
    domains: [asDomainName(a), asDomainName(b)],
    plugin: { name, version, folder },
    models: new Map(Object.entries(contribution.models ?? {}).map(([to, model]) => [asDomainName(to), model])),
    output: contribution.output,
  };
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
