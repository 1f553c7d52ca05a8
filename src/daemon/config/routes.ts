/**
 * From a path in the inbox to a translation, by the first route that matches. Resolved once at start: a route whose
 * pair or model is missing stays, refuses its files with the reason, and does not keep the others from working.
 */
import { posix } from 'node:path';
import picomatch from 'picomatch';
import { asCycleboxError, asDomainName, CycleboxError, type RelativePath } from '../../base/index.js';
import { type DomainPair, type PluginCatalog, resolveDirection } from '../../catalog/index.js';
import type { Router } from '../../inbox/index.js';
import { mergedOutput } from '../../picture/index.js';
import type { ModelFit } from '../../plugin-api/index.js';
import { contributionsOf, missingContribution, outputOptionsOf, type PluginSet } from '../../plugin-host/index.js';
import type { ComputeModel } from '../../worker/index.js';
import type { RouteConfig } from './config.js';
import { routerKey, versionOf } from './translation-version.js';

export interface Route extends RouteConfig {
  /** The folder of the inbox that all its files lie in; empty for the inbox itself. */
  readonly folder: RelativePath;
  /** Names the translation in the journal. */
  readonly key: string;
  /** The domain that its files come from; undefined when the pair is not known. */
  readonly from: string | undefined;
  readonly model: ComputeModel | undefined;
  /** What stands in the journal for the model and how images are shown to it; undefined without a model. */
  readonly version: string | undefined;
  /** The same with `*` for the model; undefined where not even the direction is known. */
  readonly anyVersion?: string | undefined;
  /** Why it cannot work; undefined when it can. */
  readonly problem: CycleboxError | undefined;
}

/** Where what routes name is found. */
export interface RouteSources {
  readonly catalog: PluginCatalog;
  readonly plugins: PluginSet;
  readonly modelStore: string | undefined;
}

export async function resolveRoutes(routes: readonly RouteConfig[], sources: RouteSources): Promise<readonly Route[]> {
  return Promise.all(routes.map(route => resolveRoute(route, sources)));
}

async function resolveRoute(route: RouteConfig, sources: RouteSources): Promise<Route> {
  const problem = missingPart(route, sources.plugins);
  const common = { ...route, folder: routeFolder(route.match), problem };
  if (route.router === undefined) return await resolvePair(common, sources);
  const shown = { scale: route.scale ?? 'native', tiling: route.tiling };
  const version = versionOf('router', shown, route, route.output);
  return { ...common, key: routerKey(route.router), from: undefined, model: undefined, version };
}

/** The first of what plugins have to contribute for this route and do not. */
function missingPart(
  { router, preprocessors, postprocessors }: RouteConfig,
  plugins: PluginSet,
): CycleboxError | undefined {
  const wanted = [
    ...(router === undefined ? [] : [['routers', router] as const]),
    ...preprocessors.map(id => ['preprocessors', id] as const),
    ...postprocessors.map(id => ['postprocessors', id] as const),
  ];
  for (const [point, id] of wanted) {
    const known = contributionsOf(plugins, point).map(({ value }) => value.id);
    if (!known.includes(id)) return missingContribution(point, id, plugins.records, known);
  }
  return undefined;
}

async function resolvePair(
  route: RouteConfig & Pick<Route, 'folder' | 'problem'>,
  { catalog, modelStore }: RouteSources,
): Promise<Route> {
  const common = { ...route, key: `${route.pair}/${route.to}` };
  const pair = catalog.pairs.find(({ id }) => id === route.pair);
  const from = pair?.domains.find(domain => domain !== route.to);
  const reference = pair?.models.get(asDomainName(route.to));
  const anyVersion = reference && !route.problem ? versionFor('*', route, reference.fit, pair) : undefined;
  try {
    const { model, fit } = await resolveDirection(catalog.pair(route.pair), route.to, { modelStore });
    return { ...common, from, model, version: versionFor(model.sha256, route, fit, pair), anyVersion };
  } catch (error) {
    return {
      ...common,
      from,
      anyVersion,
      model: undefined,
      version: undefined,
      problem: asCycleboxError(error, { pair: route.pair }),
    };
  }
}

function versionFor(
  model: string,
  route: RouteConfig,
  fit: ModelFit | undefined,
  pair: DomainPair | undefined,
): string {
  const scale = route.scale ?? fit?.scale ?? 'native';
  const output = mergedOutput(route.output, outputOptionsOf(pair?.output ?? {}));
  const shown = { scale, trainedSize: fit?.trainedSize, tiling: route.tiling ?? fit?.tiling };
  return versionOf(model, shown, route, output);
}

/** The part of a pattern before its first wildcard, as a folder. */
export function routeFolder(match: string): RelativePath {
  const { base, isGlob } = picomatch.scan(match);
  const folder = isGlob ? base : posix.dirname(match);
  return folder === '.' ? '' : folder;
}

/** Names may hold line breaks. */
const anyName = { flags: 's' };

/** The first route that matches. */
export type RouteFor = (path: RelativePath) => Route | undefined;

export function routeForOf(routes: readonly Route[]): RouteFor {
  const matchers = routes.map(route => ({ route, matches: picomatch(route.match, anyName) }));
  return path => matchers.find(({ matches }) => matches(path))?.route;
}

export function routerOf(routes: readonly Route[], routeFor = routeForOf(routes)): Router {
  return path => {
    const route = routeFor(path);
    if (!route) return { kind: 'refuse', error: unrouted(path, routes) };
    if (route.problem) return { kind: 'refuse', error: unready(path, route, route.problem, routes) };
    const { key, version = '', priority, reprocess } = route;
    return { kind: 'translate', translation: { key, version }, priority, reprocess };
  };
}

function unrouted(path: RelativePath, routes: readonly Route[]): CycleboxError {
  const message = `No route matches ${path}. ${suggestion(routes)}`;
  return new CycleboxError('ROUTE_NOT_FOUND', message, { subject: { file: path } });
}

function unready(path: RelativePath, route: Route, problem: CycleboxError, routes: readonly Route[]): CycleboxError {
  const message = `${path} cannot be translated by the route "${route.match}": ${problem.message.replace(/[^.?!]$/, '$&.')} ${suggestion(routes)}`;
  return new CycleboxError(problem.code, message, { subject: { file: path, pair: route.pair }, cause: problem });
}

function suggestion(routes: readonly Route[]): string {
  const ready = routes.filter(route => !route.problem);
  if (ready.length === 0) return 'No route can work yet: see the problems named at start.';
  return `Folders of the inbox that work: ${ready.map(label).join(', ')}.`;
}

function label({ folder, match, from, to, router }: Route): string {
  const place = folder === '' ? `"${match}"` : `${folder}/`;
  if (router !== undefined) return `${place} (as the router ${router} chooses)`;
  return `${place} (${from ?? '?'} → ${to})`;
}
