/**
 * What translating an image takes besides workers: the configuration with its plugins and models, and the plugins' processes. A daemon
 * opens it, and a worker that serves a daemon elsewhere. And the workers of this machine, joined to it.
 */
import type { DisposableStore } from '../base/index.js';
import type { Runner } from '../inbox/index.js';
import { loadPluginSet, PluginHost, type PluginLimits, PluginRegistry } from '../plugin-host/index.js';
import type { OutputLine } from '../process/index.js';
import type { ComputeWorkerOptions } from '../worker/index.js';
import {
  type DaemonConfig,
  fitOf,
  LiveConfig,
  outputOf,
  pluginOptionsOf,
  type ResolvedConfig,
  resolveModels,
} from './config/index.js';
import type { ModelSupply } from './model-supply.js';
import { PluginTranslator, pluginWork } from './plugins/index.js';
import { type ChooseDevices, type ResolvedDevices, resolveDevices, runnerOf, WorkerPool } from './pool/index.js';
import { poolSettings } from './settings.js';

export interface TranslationOptions {
  readonly safe?: boolean | undefined;
  readonly inspectPlugins?: readonly string[] | undefined;
  readonly pluginLimits?: PluginLimits | undefined;
  readonly configFile?: string | undefined;
  readonly onWorkerOutput?: ((line: OutputLine) => void) | undefined;
  readonly workerEntry?: string | undefined;
  readonly chooseDevices?: ChooseDevices | undefined;
  /** Called once everything that the configuration names has been found. */
  readonly onResolved?: ((resolved: ResolvedConfig) => Promise<void>) | undefined;
  /** Where plugins keep what they remember. */
  readonly pluginState: string;
  /** False: the work is done elsewhere. */
  readonly hasWorkers: boolean;
}

export interface OpenedTranslation {
  readonly liveConfig: LiveConfig<ResolvedDevices | undefined>;
  readonly registry: PluginRegistry;
  readonly plugins: PluginHost;
  /** Undefined where the work is done elsewhere. */
  readonly workers: WorkerPool | undefined;
}

/** @throws ENGINE_UNAVAILABLE (none of those that the configuration names) */
export async function openTranslation(
  config: DaemonConfig,
  options: TranslationOptions,
  opened: DisposableStore,
): Promise<OpenedTranslation> {
  const { safe = false, chooseDevices, configFile: file, onWorkerOutput: onLine, hasWorkers } = options;
  const registry = opened.add(new PluginRegistry());
  const resolved = await resolveModels(config, await loadPluginSet(pluginOptionsOf(config, safe)));
  await options.onResolved?.(resolved);
  const workers = hasWorkers ? opened.add(await openPool(config, options)) : undefined;
  const prepare = async ({ engine }: DaemonConfig, keys: readonly string[]) =>
    hasWorkers && keys.includes('engine') ? resolveDevices(engine, chooseDevices) : undefined;
  const liveConfig = opened.add(new LiveConfig(resolved, { file, prepare, registry, safe }));
  const sourcesNow = () => ({ catalog: liveConfig.resolved.catalog, modelStore: liveConfig.resolved.config.models });
  const translator = opened.add(new PluginTranslator(sourcesNow, () => workerForPlugins(config, workers, onLine)));
  const plugins = opened.add(
    new PluginHost({
      registry,
      stateFolder: options.pluginState,
      settings: config.settings,
      translate: translator.translate,
      inspect: options.inspectPlugins,
      limits: options.pluginLimits,
    }),
  );
  return { liveConfig, registry, plugins, workers };
}

/** Has jobs done by the workers of this machine. @param supply of models; default: those of this machine */
export function localRunner(
  { liveConfig, plugins }: Pick<OpenedTranslation, 'liveConfig' | 'plugins'>,
  workers: WorkerPool,
  supply?: ModelSupply,
): Runner {
  const resolved = () => liveConfig.resolved;
  const howOf = (version: string) => ({ fit: fitOf(version), output: outputOf(version) });
  const modelOf = supply?.modelOf ?? (({ key }) => resolved().models.get(key));
  return runnerOf(modelOf, howOf, workers, pluginWork({ host: plugins, workers, resolved, fetch: supply?.fetch }));
}

async function openPool(config: DaemonConfig, options: TranslationOptions): Promise<WorkerPool> {
  const { onWorkerOutput: onLine, workerEntry: entry, chooseDevices } = options;
  return new WorkerPool({
    devices: await resolveDevices(config.engine, chooseDevices),
    settings: poolSettings(config),
    common: { onLine, entry },
    chooseDevices,
  });
}

/** On the first of the devices that images are translated on. */
function workerForPlugins(
  config: DaemonConfig,
  workers: WorkerPool | undefined,
  onLine: TranslationOptions['onWorkerOutput'],
): ComputeWorkerOptions {
  const engine = workers?.devices[0]?.id ?? 'cpu';
  const { threads, maxMegapixels } = config;
  return { onLine, settings: { engine, threads, maxMegapixels, maxModels: 1 } };
}
