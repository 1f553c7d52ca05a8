/**
 * All plugins with code that are in force, each with its process, as a registry has them: one that comes, changes or goes
 * concerns no other. Who asks for something by the id of a contribution is led to the plugin that has it.
 *
 * A plugin that changes takes over at once; the one before it ends when what it is at has ended.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type Clock,
  type CycleboxError,
  type Disposable,
  Emitter,
  type ErrorData,
  type Event,
  errorToData,
} from '../../base/index.js';
import type { PluginSettings } from '../../plugin-api/index.js';
import type { ContributionOf } from '../points/index.js';
import {
  isCoded,
  type Plugin,
  type PluginRegistry,
  type PluginState,
  settingsOf,
  stateText,
  type WrittenSettings,
} from '../registry/index.js';
import { CodedPlugin, type PluginEvent } from './coded-plugin.js';
import { type CodedPluginSpec, specOf } from './coded-plugin-spec.js';
import { type CodedPoint, idOf, missingContribution } from './coded-points.js';
import type { PluginCosts } from './cost-ledger.js';
import type { TranslateForPlugin } from './host-calls.js';
import type { PluginLimits } from './plugin-limits.js';

export interface PluginHostOptions {
  readonly registry: PluginRegistry;
  /** Where plugins' own things lie. */
  readonly stateFolder: string;
  readonly settings: WrittenSettings;
  /** Has a picture translated for a plugin. */
  readonly translate: TranslateForPlugin;
  /** Names of plugins that are run with a debugger, without permissions and time limits. */
  readonly inspect?: readonly string[] | undefined;
  readonly limits?: PluginLimits | undefined;
  readonly clock?: Clock | undefined;
}

export interface PluginFacts {
  readonly name: string;
  readonly version: string;
  readonly state: PluginState;
  /** `active(4711)`. */
  readonly text: string;
  readonly costs?: PluginCosts | undefined;
  /** What the process that runs holds, as far as it is known. */
  readonly memoryBytes?: number | undefined;
  /** Its last crash or failed start, until it runs again. */
  readonly fault?: ErrorData | undefined;
}

export interface NamedContribution<Point extends CodedPoint> {
  readonly plugin: CodedPlugin;
  readonly id: string;
  /** As the manifest has it. */
  readonly value: ContributionOf<Point>;
}

export class PluginHost implements Disposable {
  readonly #options: PluginHostOptions;
  readonly #events = new Emitter<PluginEvent>();
  readonly #plugins = new Map<string, CodedPlugin>();
  /** Replaced or removed, and not yet at their end. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #listening: Disposable;
  /** Of plugins that are not in force any more since they crashed too often, by name. */
  readonly #faults = new Map<string, ErrorData>();
  #isStarted = false;
  #settings: WrittenSettings;

  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#listening = options.registry.onChange(() => this.#follow());
    this.#follow();
  }

  readonly onEvent: Event<PluginEvent> = this.#events.event;

  /** Starts what wants to run from the start on. Faults are told by events. */
  start(): void {
    this.#isStarted = true;
    for (const plugin of this.#plugins.values()) this.#startUp(plugin);
  }

  /** Others from now on: a plugin whose settings differ is started anew. */
  configure(settings: WrittenSettings): void {
    this.#settings = settings;
    this.#follow();
  }

  /** All that are known, also those that are not in force; the state of a process goes before what files say. */
  facts(): readonly PluginFacts[] {
    return this.#options.registry.set.records.map(({ name, version = '', state: settled }) => {
      const known = this.#plugins.get(name);
      const own = settled.kind !== 'superseded' && known?.spec.version === version ? known : undefined;
      const state = own?.state ?? settled;
      const fault = own?.fault
        ? errorToData(own.fault)
        : state.kind === 'disabledByCrashes'
          ? this.#faults.get(name)
          : undefined;
      return { name, version, state, text: stateText(state), costs: own?.costs, memoryBytes: own?.memoryBytes, fault };
    });
  }

  /**
   * The plugin that contributes this.
   * @throws PLUGIN_UNAVAILABLE naming why, with what is there
   */
  find(point: CodedPoint, id: string): CodedPlugin {
    const found = this.#contributed(point).find(one => one.id === id);
    const plugin = found && this.#plugins.get(found.plugin);
    if (plugin) return plugin;
    throw this.#missing(point, id);
  }

  /**
   * What is named by its plugin and its id, `PLUGIN/ID`, as people write it beside things that cyclebox has itself.
   * @throws PLUGIN_UNAVAILABLE naming why, with what is there
   */
  named<Point extends CodedPoint>(point: Point, name: string): NamedContribution<Point> {
    const at = name.lastIndexOf('/');
    const [owner, id] = [name.slice(0, Math.max(0, at)), name.slice(at + 1)];
    const all = this.#options.registry.contributions(point);
    const found = all.find(one => one.plugin.name === owner && idOf(point, one.value) === id);
    const plugin = found && this.#plugins.get(owner);
    if (plugin) return { plugin, id, value: found.value };
    const known = all.map(one => `${one.plugin.name}/${idOf(point, one.value)}`);
    const isOther = all.some(one => idOf(point, one.value) === id);
    throw missingContribution(point, isOther ? name : id, this.#options.registry.set.records, known);
  }

  /** Undefined when it can be asked for; else why not. */
  problemOf(point: CodedPoint, id: string): CycleboxError | undefined {
    const isThere = this.#contributed(point).some(one => one.id === id);
    return isThere ? undefined : this.#missing(point, id);
  }

  async dispose(): Promise<void> {
    await this.#listening.dispose();
    await Promise.all([...this.#plugins.values()].map(plugin => plugin.dispose()));
    await Promise.all(this.#leaving);
    this.#events.dispose();
  }

  #contributed(point: CodedPoint): readonly { readonly id: string; readonly plugin: string }[] {
    return this.#options.registry
      .contributions(point)
      .map(({ plugin, value }) => ({ id: idOf(point, value) ?? '', plugin: plugin.name }));
  }

  /** Not in force, or not there at all. */
  #missing(point: CodedPoint, id: string): CycleboxError {
    return missingContribution(
      point,
      id,
      this.#options.registry.set.records,
      this.#contributed(point).map(one => one.id),
    );
  }

  #follow(): void {
    const wanted = new Map(this.#codedInForce().map(plugin => [plugin.name, this.#specOf(plugin)]));
    for (const [name, plugin] of this.#plugins) {
      if (!isDeepStrictEqual(wanted.get(name), plugin.spec)) this.#retire(name, plugin);
    }
    for (const [name, spec] of wanted) if (!this.#plugins.has(name)) this.#add(spec);
  }

  #codedInForce(): readonly Plugin[] {
    return this.#options.registry.inForce().filter(isCoded);
  }

  #specOf(plugin: Plugin): CodedPluginSpec {
    return specOf(plugin, settingsOf(plugin.manifest, this.#settings) as PluginSettings);
  }

  #add(spec: CodedPluginSpec): void {
    const { stateFolder, translate, limits, clock, inspect = [] } = this.#options;
    const plugin = new CodedPlugin({
      spec,
      stateFolder,
      translate,
      limits,
      clock,
      inspect: inspect.includes(spec.name),
    });
    this.#plugins.set(spec.name, plugin);
    this.#faults.delete(spec.name);
    plugin.onEvent(event => this.#events.fire(event));
    if (this.#isStarted) this.#startUp(plugin);
  }

  #retire(name: string, plugin: CodedPlugin): void {
    this.#plugins.delete(name);
    if (plugin.state.kind === 'disabledByCrashes' && plugin.fault) this.#faults.set(name, errorToData(plugin.fault));
    const end = plugin.retire().catch(() => {});
    this.#leaving.add(end);
    void end.finally(() => this.#leaving.delete(end));
  }

  #startUp(plugin: CodedPlugin): void {
    if (!plugin.spec.activationEvents.includes('onStartupFinished')) return;
    plugin.activate('onStartupFinished').catch(() => {
      // Its state and the event of it say so.
    });
  }
}
