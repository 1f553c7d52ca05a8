/**
 * The pairs that a user has: those of the plugins that are named or were installed, and those that come with cyclebox, which no
 * setting hides by the way. A pair of the user's own takes the place of one that comes with cyclebox under the same id, as a newly
 * trained one does; any other goes only by its name.
 */
import { CycleboxError, didYouMean } from '../base/index.js';
import { loadPluginSet, type PluginSet, type PluginSetOptions } from '../plugin-host/index.js';
import { Catalog, catalogOf, type PluginCatalog } from './plugin-catalog.js';

export interface PairSelection {
  /** Folders with plugins, or of one plugin each, beside those that come with cyclebox. */
  readonly plugins?: readonly string[] | undefined;
  /** Where else: what was installed, npm packages, and what was decided of either. */
  readonly places?: PluginSetOptions | undefined;
  /** Ids of pairs that are switched off, whoever registers them. */
  readonly disabledPairs?: readonly string[] | undefined;
}

/** Faults are values; to switch off what nobody registers is one (PAIR_NOT_FOUND). */
export async function loadAvailablePairs({ plugins, places, disabledPairs }: PairSelection): Promise<PluginCatalog> {
  return availablePairs(await loadPluginSet({ folders: plugins, ...places }), disabledPairs);
}

/** The pairs of a set of plugins, but for those that are switched off. */
export function availablePairs(set: PluginSet, disabledPairs: readonly string[] = []): PluginCatalog {
  const { pairs, problems } = catalogOf(set);
  const ids: readonly string[] = pairs.map(({ id }) => id);
  const unknown = disabledPairs.filter(id => !ids.includes(id)).map(id => notThere(id, ids));
  return new Catalog(
    pairs.filter(({ id }) => !disabledPairs.includes(id)),
    [...problems, ...unknown],
  );
}

function notThere(id: string, known: readonly string[]): CycleboxError {
  const message = `The pair "${id}" is to be switched off ("disabledPairs"), but no plugin registers it; known pairs are ${known.join(', ')}.${didYouMean(id, known)}`;
  return new CycleboxError('PAIR_NOT_FOUND', message, { subject: { pair: id } });
}
