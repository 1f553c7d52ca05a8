/**
 * What did a translation, as the journal notes it: the hash of the model file, after a `^` how images are
 * taken that do not go in one piece, where that is not `exact`, after an `@` the scale that images were shown at,
 * where that is not `native`, after a `#` what plugins change before and after, and after a `~` what results are like, where the route or
 * the pair says. Another scale is another version, and so is another format: done stays done, and can be asked for anew. A router's translation has `router` for the hash: the model is chosen for each file.
 */
import type { OutputOptions } from '../../picture/index.js';
import type { Scale, Tiling } from '../../plugin-api/index.js';
import { parseScale, parseTiling } from '../../plugin-host/index.js';

/** How a route shows its images. */
export interface RouteFit {
  readonly scale: Scale;
  /** What the manifest says of the model's training images; undefined where the model itself has to say. */
  readonly trainedSize?: number | undefined;
  /** Default `exact`. */
  readonly tiling?: Tiling | undefined;
}

/** Ids of contributions of plugins, in their order. */
export interface RouteProcessors {
  readonly preprocessors: readonly string[];
  readonly postprocessors: readonly string[];
}

const noProcessors: RouteProcessors = { preprocessors: [], postprocessors: [] };

/** `HASH`, `HASH@512`, `HASH@trained`, `HASH@trained:143`, `HASH^thumbnail@512`, behind it `#before,before|after`, and `~{"format":"png"}`. */
export function versionOf(
  sha256: string,
  { scale, trainedSize, tiling = 'exact' }: RouteFit,
  { preprocessors, postprocessors }: RouteProcessors = noProcessors,
  output: OutputOptions = {},
): string {
  const made =
    Object.keys(output).length === 0 ? '' : `~${JSON.stringify(Object.fromEntries(Object.entries(output).sort()))}`;
  const size = scale === 'trained' && trainedSize !== undefined ? `:${trainedSize}` : '';
  const taken = tiling === 'exact' ? sha256 : `${sha256}^${tiling}`;
  const shown = scale === 'native' ? taken : `${taken}@${scale}${size}`;
  if (preprocessors.length + postprocessors.length === 0) return `${shown}${made}`;
  return `${shown}#${preprocessors.join(',')}|${postprocessors.join(',')}${made}`;
}

/** What `versionOf` was given, but for the hash. */
export function fitOf(version: string): RouteFit {
  const [model = '', shown] = version.split(/[#~]/)[0]?.split('@') ?? [];
  const [scale = 'native', trainedSize] = shown?.split(':') ?? [];
  const tiling = model.split('^')[1];
  return {
    scale: parseScale(scale),
    ...(trainedSize !== undefined && { trainedSize: Number(trainedSize) }),
    ...(tiling !== undefined && { tiling: parseTiling(tiling) }),
  };
}

/** What `versionOf` was given for plugins. */
export function processorsOf(version: string): RouteProcessors {
  const [before = '', after = ''] = version.split('~')[0]?.split('#')[1]?.split('|') ?? [];
  const ids = (text: string) => (text === '' ? [] : text.split(','));
  return { preprocessors: ids(before), postprocessors: ids(after) };
}

/** What `versionOf` was given for results. */
export function outputOf(version: string): OutputOptions {
  const at = version.indexOf('~');
  return at < 0 ? {} : (JSON.parse(version.slice(at + 1)) as OutputOptions);
}

const routerPrefix = 'router/';

/** The key of what a router translates; a pair has none that is called so. */
export function routerKey(router: string): string {
  return `${routerPrefix}${router}`;
}

/** The router of a key; undefined for a pair's. */
export function routerIn(key: string): string | undefined {
  return key.startsWith(routerPrefix) ? key.slice(routerPrefix.length) : undefined;
}
