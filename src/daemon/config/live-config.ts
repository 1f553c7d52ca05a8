/**
 * Keeps the resolved configuration that is in force: reads the configuration file again when it changes, and looks for plugins and
 * models that have come, changed or gone. A change is checked in full before anything of it holds; one at a time.
 */
import { resolve } from 'node:path';
import {
  asCycleboxError,
  type CycleboxError,
  type Disposable,
  Emitter,
  type Event,
  errorToData,
} from '../../base/index.js';
import { isSameSet, loadPluginSet, type PluginRegistry, type PluginSet } from '../../plugin-host/index.js';
import { type DaemonConfig, loadConfig } from './config.js';
import type { ConfigEvent } from './config-event.js';
import { changedKeys, type ReloadOutcome, requireHot, requireSound } from './config-reload.js';
import { ConfigWatcher } from './config-watcher.js';
import { checkFolders, makeFolders } from './folders.js';
import { pluginOptionsOf } from './plugin-options.js';
import { PluginWatcher } from './plugin-watcher.js';
import {
  changedModels,
  newFaults,
  type ResolvedConfig,
  refreshModels,
  resolveModels,
  routeFolders,
} from './resolved-config.js';

/** A model file must have stayed as it is for this long before it is used. */
const modelSettleMs = 1000;

/** Plugins must have stayed as they are for this long before they are reloaded, and are waited for this often. */
const pluginSettleMs = 200;
const pluginLooks = 20;

/** Another configuration is in force. */
export interface Applied<Prepared> {
  /** The keys that differ; none when only plugins or models do. */
  readonly keys: readonly string[];
  /** What `prepare` made of the new configuration; undefined when only plugins or models differ. */
  readonly prepared: Prepared | undefined;
}

/** What else must go well before a new configuration holds; throws when it cannot. */
export type Prepare<Prepared> = (config: DaemonConfig, keys: readonly string[]) => Promise<Prepared>;

export interface LiveConfigOptions<Prepared> {
  /** Where it came from; undefined: from no file. */
  readonly file: string | undefined;
  readonly prepare: Prepare<Prepared>;
  /** Told of the plugins that are in force; it looks for none by itself. */
  readonly registry: PluginRegistry;
  /** True: without coded plugins. */
  readonly safe: boolean;
}

export class LiveConfig<Prepared = void> implements Disposable {
  /** Absolute; undefined when the configuration came from no file. */
  readonly file: string | undefined;
  readonly #applied = new Emitter<Applied<Prepared>>();
  readonly #events = new Emitter<ConfigEvent>();
  readonly #options: LiveConfigOptions<Prepared>;
  readonly #pluginWatcher = new PluginWatcher();
  #resolved: ResolvedConfig;
  #problem: CycleboxError | undefined;
  #watcher: ConfigWatcher | undefined;
  #lookTimer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(resolved: ResolvedConfig, options: LiveConfigOptions<Prepared>) {
    const { file, registry } = options;
    this.#resolved = resolved;
    this.#options = options;
    registry.apply(resolved.plugins);
    this.file = file === undefined ? undefined : resolve(file);
  }

  /** Fired before the event of it. */
  readonly onApplied: Event<Applied<Prepared>> = this.#applied.event;

  readonly onEvent: Event<ConfigEvent> = this.#events.event;

  get resolved(): ResolvedConfig {
    return this.#resolved;
  }

  /** Why the file's last change does not hold. */
  get problem(): CycleboxError | undefined {
    return this.#problem;
  }

  /** Follows the file, the plugins and the models from now on. */
  watch(): void {
    if (this.#disposed) return;
    this.#scheduleLooks();
    this.#pluginWatcher.onChange(() => void this.#runExclusive(() => this.#lookForPlugins()));
    void this.#followPlugins();
    if (this.file === undefined) return;
    this.#watcher = new ConfigWatcher(this.file);
    this.#watcher.onChange(() => void this.reload());
    // It may have changed since it was read for the start.
    void this.#watcher.look();
  }

  reload(): Promise<ReloadOutcome> {
    return this.#runExclusive(() => this.#reload());
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#lookTimer);
    this.#watcher?.dispose();
    this.#pluginWatcher.dispose();
    this.#applied.dispose();
    this.#events.dispose();
  }

  async #reload(): Promise<ReloadOutcome> {
    try {
      const next = await this.#next();
      const wasRefused = this.#problem !== undefined;
      this.#problem = undefined;
      if (next) this.#apply(next.resolved, next);
      else await this.#look();
      const keys = next?.keys ?? [];
      if (next || wasRefused) this.#events.fire({ type: 'reloaded', keys });
      return next ? { kind: 'applied', keys } : { kind: 'unchanged' };
    } catch (thrown) {
      const error = asCycleboxError(thrown);
      this.#problem = error;
      this.#events.fire({ type: 'reloadRefused', error });
      return { kind: 'refused', error: errorToData(error) };
    }
  }

  /** The configuration that the file asks for, checked in full; undefined when it is in force. Throws when it cannot hold. */
  async #next(): Promise<(Applied<Prepared> & { readonly resolved: ResolvedConfig }) | undefined> {
    const { file } = this;
    if (file === undefined) return undefined;
    const config = await loadConfig(file);
    const keys = changedKeys(this.#resolved.config, config);
    if (keys.length === 0) return undefined;
    await checkFolders(config);
    requireHot(keys, file);
    const resolved = await resolveModels(config, await this.#loadPlugins(config));
    requireSound(newFaults(this.#resolved, resolved), file);
    const prepared = await this.#options.prepare(config, keys);
    await makeFolders(routeFolders(resolved));
    return { resolved, keys, prepared };
  }

  #apply(resolved: ResolvedConfig, { keys, prepared }: Applied<Prepared>): void {
    if (this.#disposed) return;
    const before = this.#resolved;
    this.#resolved = resolved;
    const { added, changed, removed } = this.#options.registry.apply(resolved.plugins);
    this.#applied.fire({ keys, prepared });
    const faults = keys.length > 0 ? [] : newFaults(before, resolved);
    if (added.length + changed.length + removed.length + faults.length === 0) return;
    const names = (plugins: readonly { readonly name: string }[]) => plugins.map(({ name }) => name);
    const by = { added: names(added), changed: names(changed), removed: names(removed) };
    this.#events.fire({ type: 'pluginsChanged', ...by, faults });
    void this.#followPlugins();
  }

  #scheduleLooks(): void {
    this.#lookTimer = setTimeout(() => {
      void this.#runExclusive(() => this.#look()).finally(() => {
        if (!this.#disposed) this.#scheduleLooks();
      });
    }, this.#resolved.config.rescanMs);
    this.#lookTimer.unref();
  }

  async #look(): Promise<void> {
    await this.#lookForPlugins();
    await this.#lookForModels();
  }

  #loadPlugins(config: DaemonConfig): Promise<PluginSet> {
    return loadPluginSet(pluginOptionsOf(config, this.#options.safe));
  }

  async #followPlugins(): Promise<void> {
    const { config, plugins } = this.#resolved;
    if (!this.#disposed) await this.#pluginWatcher.follow(pluginOptionsOf(config), plugins).catch(() => {});
  }

  /** What cannot be read now, or does not come to rest, is looked for again. */
  async #lookForPlugins(): Promise<void> {
    const { config, plugins: before } = this.#resolved;
    const plugins = await this.#settledPlugins(before, config).catch(() => undefined);
    if (!plugins || this.#disposed) return;
    const resolved = await resolveModels(config, plugins);
    await makeFolders(routeFolders(resolved)).catch(() => {});
    this.#apply(resolved, { keys: [], prepared: undefined });
  }

  /** The plugins as they are now, once they rest; undefined when they are as before. */
  async #settledPlugins(before: PluginSet, config: DaemonConfig): Promise<PluginSet | undefined> {
    let plugins = await this.#loadPlugins(config);
    for (let look = 0; look < pluginLooks && !this.#disposed; look++) {
      if (isSameSet(before, plugins)) return undefined;
      await new Promise(resolve => setTimeout(resolve, pluginSettleMs));
      const later = await this.#loadPlugins(config);
      if (isSameSet(plugins, later)) return later;
      plugins = later;
    }
    return undefined;
  }

  /** What cannot be read now is looked for again. */
  async #lookForModels(): Promise<void> {
    const before = this.#resolved;
    const fresh = await refreshModels(before, modelSettleMs).catch(() => undefined);
    if (!fresh || this.#disposed) return;
    const translations = changedModels(before, fresh);
    this.#apply(fresh, { keys: [], prepared: undefined });
    if (translations.length > 0) this.#events.fire({ type: 'modelsChanged', translations });
  }

  #runExclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}
