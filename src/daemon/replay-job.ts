/**
 * Runs a job of the journal again with the same inputs, as a daemon would, and hands out the picture after each stage: for whoever
 * wants to see at which one it goes wrong. Nothing is published, and the journal hears nothing of it.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CycleboxError, DisposableStore, identify, type JobId, toDisposable } from '../base/index.js';
import type { QueueEntry, RunRequest } from '../inbox/index.js';
import { loadPluginSet, PluginHost, PluginRegistry } from '../plugin-host/index.js';
import { type ComputeReport, ComputeWorker, type PictureStep } from '../worker/index.js';
import {
  type DaemonConfig,
  fitOf,
  outputOf,
  pluginOptionsOf,
  processorsOf,
  type ResolvedConfig,
  type RouteProcessors,
  resolveModels,
  versionOf,
} from './config/index.js';
import { PluginTranslator, pluginWork } from './plugins/index.js';
import type { Work } from './pool/index.js';

export interface ReplayOptions {
  /** Only these of the job's processors; default: all. */
  readonly only?: RouteProcessors | undefined;
  /** Where each stage's picture is laid down, as a raw-pixel file. */
  readonly pictures: string;
  /** Told of each stage when it has ended: `decoded`, `preprocessor grain`, `translated`, …. */
  readonly onStage?: ((stage: string, picture: string, ms: number) => void) | undefined;
  /** Where the result goes; must not exist. */
  readonly result: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ReplayReport extends ComputeReport {
  /** What was done to it: a router may have chosen it. */
  readonly translation: string;
}

/** The processors that a job's translation has, in their order. */
export function processorsOfJob({ version }: Pick<QueueEntry, 'version'>): RouteProcessors {
  return processorsOf(version);
}

/** @throws what the job fails with; FILE_NOT_FOUND when its image is gone */
export async function replayJob(
  config: DaemonConfig,
  entry: QueueEntry,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const opened = new DisposableStore();
  try {
    const resolved = await resolveModels(config, await loadPluginSet(pluginOptionsOf(config)));
    const worker = opened.add(
      new ComputeWorker({ settings: { maxMegapixels: config.maxMegapixels, metadata: config.metadata } }),
    );
    const host = await openHost(resolved, opened);
    const plugins = pluginWork({ host, workers: worker, resolved: () => resolved });
    const request = await requestOf(config, entry, options);
    const work = (await plugins.routed(request)) ?? orderedWork(entry, resolved);
    const steps = plugins.steps(request, work.key) ?? { before: [], after: [], dispose() {} };
    opened.add(steps);
    const shown = new ShownStages(options);
    const { model, fit, output } = work;
    const { preprocessors, postprocessors } = processorsOf(request.translation.version);
    const before = shown.around('decoded', steps.before, ['', ...preprocessors.map(id => `preprocessor ${id}`)]);
    const after = shown.around(
      'translated',
      steps.after,
      postprocessors.map(id => `postprocessor ${id}`),
    );
    const report = await worker.run({ ...request, model, fit, output, steps: { before, after } });
    return { ...report, translation: work.key };
  } finally {
    await opened.dispose();
  }
}

/** With state of its own: what plugins remember in a daemon is not touched. */
async function openHost({ plugins, config, catalog }: ResolvedConfig, opened: DisposableStore): Promise<PluginHost> {
  const stateFolder = await mkdtemp(join(tmpdir(), 'cyclebox-replay-'));
  opened.add(toDisposable(() => rm(stateFolder, { recursive: true, force: true })));
  const sources = { catalog, modelStore: config.models };
  const translator = opened.add(
    new PluginTranslator(
      () => sources,
      () => ({}),
    ),
  );
  const registry = opened.add(new PluginRegistry());
  registry.apply(plugins);
  const { settings } = config;
  return opened.add(new PluginHost({ registry, stateFolder, settings, translate: translator.translate }));
}

async function requestOf(
  { inbox }: DaemonConfig,
  { id, path, translation: key, version }: QueueEntry,
  { only, result, signal = new AbortController().signal }: ReplayOptions,
): Promise<RunRequest> {
  const source = join(inbox, path);
  const identity = await identify(source);
  if (!identity) {
    const message = `${source} is gone, so ${basename(path)} cannot be done again.`;
    throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: source, job: id } });
  }
  const wanted = only
    ? versionOf(version.split(/[#~]/)[0] ?? '', { scale: 'native' }, only, outputOf(version))
    : version;
  const expected = { root: inbox, identity };
  const translation = { key, version: wanted };
  return {
    job: id as JobId,
    token: id,
    path,
    source,
    expected,
    temporary: result,
    translation,
    signal,
    timeoutMs: 600_000,
    mayGrow: false,
    alone: true,
    onAccompanied: () => {},
  };
}

function orderedWork({ translation: key, version }: QueueEntry, { models }: ResolvedConfig): Work {
  const model = models.get(key);
  if (model) return { key, model, fit: fitOf(version), output: outputOf(version) };
  throw new CycleboxError('MODEL_MISSING', `There is no model for ${key} any more; no route asks for it.`);
}

/** Lays the picture down after each step, with the time that the step took. */
class ShownStages {
  readonly #options: ReplayOptions;
  #count = 0;
  #sinceMs = performance.now();

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** @param names of the steps; those without one are not shown */
  around(first: string, steps: readonly PictureStep[], names: readonly string[]): readonly PictureStep[] {
    const shown = steps.map(
      (step, i): PictureStep =>
        async exchange => {
          await step(exchange);
          if (names[i]) await this.#show(names[i], exchange);
        },
    );
    return [exchange => this.#show(first, exchange), ...shown];
  }

  async #show(stage: string, exchange: Parameters<PictureStep>[0]): Promise<void> {
    const ms = performance.now() - this.#sinceMs;
    await mkdir(this.#options.pictures, { recursive: true });
    const picture = join(this.#options.pictures, `${++this.#count}.pixels`);
    await exchange.exportTo(picture);
    this.#options.onStage?.(stage, picture, ms);
    this.#sinceMs = performance.now();
  }
}
