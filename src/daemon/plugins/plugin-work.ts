/**
 * What plugins do in a job: a router chooses its translation, pre- and postprocessors change its picture between the worker's
 * stages. Pictures go over as files in the scratch folder of the plugin that is asked, and are removed when it has answered.
 */
import { relative, sep } from 'node:path';
import { asDomainName, CycleboxError, type RelativePath } from '../../base/index.js';
import { type ModelReference, resolveDirection } from '../../catalog/index.js';
import type { RunRequest } from '../../inbox/index.js';
import { mergedOutput } from '../../picture/index.js';
import {
  type CodedPlugin,
  outputOptionsOf,
  type PluginCallOptions,
  type PluginHost,
  scratchFile,
  withoutFiles,
} from '../../plugin-host/index.js';
import type { ComputeModel, PictureExchange, PictureStep } from '../../worker/index.js';
import { fitOf, outputOf, processorsOf, type ResolvedConfig, routerIn } from '../config/index.js';
import type { DisposableSteps, PluginWork, Work, WorkerPool } from '../pool/index.js';

/** The longer side of what a router sees of a picture, in pixels. */
const thumbnailSize = 256;

export interface PluginWorkOptions {
  readonly host: PluginHost;
  readonly workers: Pick<WorkerPool, 'inspect'>;
  /** As it is in force now. */
  readonly resolved: () => ResolvedConfig;
  /** Gets a model that this machine lacks, by the hash in its manifest; undefined: from nowhere. */
  readonly fetch?: ((sha256: string) => Promise<ComputeModel>) | undefined;
}

export function pluginWork({ host, ...rest }: PluginWorkOptions): PluginWork {
  return {
    routed(request) {
      const router = routerIn(request.translation.key);
      return router === undefined ? undefined : routed(router, request, { host, ...rest });
    },
    steps: (request, key) => stepsOf(request, key, host),
  };
}

async function routed(
  id: string,
  request: RunRequest,
  { host, workers, resolved, fetch }: PluginWorkOptions,
): Promise<Work> {
  const plugin = host.find('routers', id);
  const { job, source, expected, mayGrow, signal, timeoutMs } = request;
  await plugin.activate(`onTranslate:${id}`, signal);
  const thumbnail = scratchFile(plugin.places.scratch);
  const decision = await withoutFiles([thumbnail], async () => {
    const facts = await workers.inspect({ source, expected, mayGrow, thumbnail, thumbnailSize, signal, timeoutMs });
    const path = pathOf(request);
    const options = { event: `onTranslate:${id}`, doing: `failed as router "${id}" on ${path}`, signal };
    return await plugin.call('route', { id, job, path, thumbnail, ...facts }, options);
  });
  return await workOf(
    checkedDecision(decision, id, plugin, pathOf(request)),
    request.translation.version,
    resolved(),
    fetch,
  );
}

interface Decision {
  readonly pair: string;
  readonly to: string;
}

/** @throws PLUGIN_FAILED, ROUTE_NOT_FOUND where the router has no opinion */
function checkedDecision(decision: unknown, id: string, { spec }: CodedPlugin, path: string): Decision {
  if (decision === null || decision === undefined) {
    const message = `The router "${id}" of ${spec.name} has no translation for ${path}.`;
    throw new CycleboxError('ROUTE_NOT_FOUND', message, { subject: { plugin: spec.name } });
  }
  const { pair, to } = decision as Partial<Record<keyof Decision, unknown>>;
  if (typeof pair === 'string' && typeof to === 'string') return { pair, to };
  const message = `${spec.name} ${spec.version} failed as router "${id}" on ${path}: it returned ${JSON.stringify(decision).slice(0, 200)}, where { pair, to } is expected`;
  throw new CycleboxError('PLUGIN_FAILED', message, { subject: { plugin: spec.name } });
}

/** The scale of the route, if it names one, else what the pair's manifest says. */
async function workOf(
  { pair, to }: Decision,
  version: string,
  { catalog, config }: ResolvedConfig,
  fetch: PluginWorkOptions['fetch'],
): Promise<Work> {
  const { model, fit } = await resolveDirection(catalog.pair(pair), to, { modelStore: config.models }).catch(error =>
    fetched(error, catalog.pair(pair).models.get(asDomainName(to)), fetch),
  );
  const wanted = fitOf(version);
  const scale = wanted.scale === 'native' ? (fit?.scale ?? 'native') : wanted.scale;
  const output = mergedOutput(outputOf(version), outputOptionsOf(catalog.pair(pair).output ?? {}));
  return {
    key: `${pair}/${to}`,
    model,
    fit: { scale, trainedSize: fit?.trainedSize, tiling: wanted.tiling ?? fit?.tiling },
    output,
  };
}

/** A model that is not here, from where it can be had. @throws the error where it cannot */
async function fetched(
  error: unknown,
  reference: ModelReference | undefined,
  fetch: PluginWorkOptions['fetch'],
): Promise<{ readonly model: ComputeModel; readonly fit: ModelReference['fit'] }> {
  const isMissing = error instanceof CycleboxError && error.code === 'MODEL_MISSING';
  if (!isMissing || reference?.sha256 === undefined || !fetch) throw error;
  return { model: await fetch(reference.sha256), fit: reference.fit };
}

function stepsOf(request: RunRequest, key: string, host: PluginHost): DisposableSteps | undefined {
  const { preprocessors, postprocessors } = processorsOf(request.translation.version);
  if (preprocessors.length + postprocessors.length === 0) return undefined;
  return processingSteps({
    host,
    preprocessors,
    postprocessors,
    about: { job: request.job, path: pathOf(request), ...translationIn(key) },
    signal: request.signal,
  });
}

export interface ProcessingOptions {
  readonly host: Pick<PluginHost, 'find'>;
  readonly preprocessors: readonly string[];
  readonly postprocessors: readonly string[];
  readonly about: { readonly job: string; readonly path: string; readonly pair: string; readonly to: string };
  readonly signal?: AbortSignal | undefined;
}

/** @throws PLUGIN_UNAVAILABLE for what no plugin in force has */
export function processingSteps({ host, about, signal, ...ids }: ProcessingOptions): DisposableSteps {
  const before = ids.preprocessors.map(id => [id, host.find('preprocessors', id)] as const);
  const after = ids.postprocessors.map(id => [id, host.find('postprocessors', id)] as const);
  const inputs = new Map<CodedPlugin, string>();
  const laidDown: string[] = [];
  const job = { about, signal };
  const keepInput: PictureStep = async exchange => {
    for (const [id, plugin] of after) {
      await plugin.activate(`onTranslate:${id}`, signal);
      const input = scratchFile(plugin.places.scratch);
      inputs.set(plugin, input);
      laidDown.push(input);
      await exchange.exportTo(input);
    }
  };
  return {
    before: [keepInput, ...before.map(([id, plugin]) => preprocess(id, plugin, job))],
    after: after.map(([id, plugin]) => postprocess(id, plugin, job, () => inputs.get(plugin) ?? '')),
    dispose: () => withoutFiles(laidDown, async () => {}),
  };
}

type StepJob = Pick<ProcessingOptions, 'about' | 'signal'>;

function preprocess(id: string, plugin: CodedPlugin, { about, signal }: StepJob): PictureStep {
  const options = { event: `onTranslate:${id}`, doing: `failed as preprocessor "${id}" on ${about.path}`, signal };
  return exchange =>
    handedOver(plugin, exchange, options, (picture, result) =>
      plugin.call('preprocess', { id, about, picture, result }, options),
    );
}

function postprocess(id: string, plugin: CodedPlugin, { about, signal }: StepJob, input: () => string): PictureStep {
  const options = { event: `onTranslate:${id}`, doing: `failed as postprocessor "${id}" on ${about.path}`, signal };
  return exchange =>
    handedOver(plugin, exchange, options, (picture, result) =>
      plugin.call('postprocess', { id, about, picture, input: input(), result }, options),
    );
}

/** The plugin runs before anything is laid down for it: by then its scratch folder is there. */
async function handedOver(
  plugin: CodedPlugin,
  exchange: PictureExchange,
  { event, signal }: PluginCallOptions,
  work: (picture: string, result: string) => Promise<void>,
): Promise<void> {
  await plugin.activate(event, signal);
  const { scratch } = plugin.places;
  const [picture, result] = [scratchFile(scratch), scratchFile(scratch)];
  await withoutFiles([picture, result], async () => {
    await exchange.exportTo(picture);
    await work(picture, result);
    await exchange.importFrom(result);
  });
}

function pathOf({ source, expected }: RunRequest): RelativePath {
  return relative(expected.root, source).split(sep).join('/');
}

function translationIn(key: string): { readonly pair: string; readonly to: string } {
  const [pair = '', to = ''] = key.split('/');
  return { pair, to };
}
