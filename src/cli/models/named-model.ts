/** A model that a command is given: its file, or the pair and domain of a plugin's. */

import { CycleboxError } from '../../base/index.js';
import { loadAvailablePairs, resolveDirection } from '../../catalog/index.js';
import { pairPlaces } from '../plugins/index.js';

export interface NamedModel {
  readonly pair?: string;
  readonly to?: string;
  readonly plugins?: readonly string[];
}

/** Its path. @throws CycleboxError USAGE where none is named, or two; as `resolveDirection` */
export async function resolveModel(file: string | undefined, { pair, to, plugins }: NamedModel): Promise<string> {
  if (file !== undefined && pair === undefined && to === undefined) return file;
  if (file === undefined && pair !== undefined && to !== undefined)
    return (await resolveDirection((await loadAvailablePairs(await pairPlaces(plugins))).pair(pair), to)).model.path;
  throw new CycleboxError('USAGE', 'Name a model: its file, or --pair and --to of a plugin.');
}
