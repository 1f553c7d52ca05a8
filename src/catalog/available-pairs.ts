/**
 * The pairs that a user has: those of the plugins that are named, and those that come with cyclebox, which no setting hides
 * by the way. A pair of the user's own takes the place of one that comes with cyclebox under the same id, as a newly trained
 * one does; any other goes only by its name.
 */
import { CycleboxError, didYouMean } from '../base/index.js';
import { Catalog, loadPlugins, type PluginCatalog } from './plugin-catalog.js';

export interface PairSelection {
  /** Folders with plugins, or of one plugin each, beside those that come with cyclebox. */
  readonly plugins?: readonly string[] | undefined;
  /** Ids of pairs that are switched off, whoever registers them. */
  readonly disabledPairs?: readonly string[] | undefined;
}

/** Faults are values, as in `loadPlugins`; to switch off what nobody registers is one (PAIR_NOT_FOUND). */
export async function loadAvailablePairs({ plugins = [], disabledPairs = [] }: PairSelection): Promise<PluginCatalog> {
  const [own, builtIn] = await Promise.all([loadPlugins(plugins), loadPlugins()]);
  const ownIds = new Set(own.pairs.map(({ id }) => id));
  const pairs = [...own.pairs, ...builtIn.pairs.filter(({ id }) => !ownIds.has(id))];
  const ids: readonly string[] = pairs.map(({ id }) => id);
  const unknown = disabledPairs.filter(id => !ids.includes(id)).map(id => notThere(id, ids));
  const problems = [
    ...own.problems,
    ...builtIn.problems.filter(problem => !isAmong(own.problems, problem)),
    ...unknown,
  ];
  return new Catalog(
    pairs.filter(({ id }) => !disabledPairs.includes(id)),
    problems,
  );
}

/** The plugins that come with cyclebox may have been named, too. */
function isAmong(problems: readonly CycleboxError[], { message }: CycleboxError): boolean {
  return problems.some(problem => problem.message === message);
}

function notThere(id: string, known: readonly string[]): CycleboxError {
  const message = `The pair "${id}" is to be switched off ("disabledPairs"), but no plugin registers it; known pairs are ${known.join(', ')}.${didYouMean(id, known)}`;
  return new CycleboxError('PAIR_NOT_FOUND', message, { subject: { pair: id } });
}
