/** What the results of `cyclebox translate` are called: as their images, or after a template (`--name`). */
import { basename, isAbsolute, posix, relative, resolve, sep } from 'node:path';
import { contentOf } from '../../base/index.js';
import { loadAvailablePairs } from '../../catalog/index.js';
import { nameAfter, nameFactsOf, nameForFormat } from '../../picture/index.js';
import type { TranslatedFile } from '../../translate/index.js';
import { type PairPlaces, pairPlaces } from '../plugins/index.js';

export interface NameOptions {
  /** The template. */
  readonly name?: string;
  readonly pair?: string;
  readonly to?: string;
  readonly plugins?: readonly string[];
}

/** Folders of a template are below that of the results. */
export async function resultName(file: string, options: NameOptions, image: TranslatedFile): Promise<string> {
  const name = nameForFormat(basename(file), image.format);
  if (options.name === undefined) return name;
  const { pair, to } = options;
  const { width, height, takenAt } = image;
  const path = relative(process.cwd(), resolve(file)).split(sep).join('/');
  const isInside = !path.startsWith('../') && !isAbsolute(path);
  const sha256 = options.name.includes('{hash}') ? (await contentOf(file)).sha256 : undefined;
  const from = pair === undefined || to === undefined ? undefined : await domainBefore(pair, to, options);
  const result = { name, pair, from, to, width, height, takenAt, sha256, at: new Date() };
  const { folder = '', name: called } = nameAfter(
    options.name,
    nameFactsOf({ ...result, path: isInside ? path : basename(file) }),
  );
  return posix.join(folder, called);
}

async function domainBefore(pair: string, to: string, { plugins }: NameOptions): Promise<string | undefined> {
  const { domains } = (await loadAvailablePairs(await pairPlaces(plugins))).pair(pair);
  return domains.find(domain => domain !== to);
}

/** What a pair calls its results, where nobody says it. */
export async function pairsName(
  { name, pair, model }: NameOptions & { readonly model?: string },
  places: PairPlaces | undefined,
): Promise<Pick<NameOptions, 'name'>> {
  if (name !== undefined || pair === undefined || model !== undefined || places === undefined) return {};
  const template = (await loadAvailablePairs(places)).pair(pair).output?.name;
  return template === undefined ? {} : { name: template };
}
