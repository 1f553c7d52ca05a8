/**
 * The plugins of a running program. It takes over what was found, and tells which came, changed and went. One plugin that
 * changes concerns no other: what stays is the same object as before. It runs nothing of them.
 */
import { type Disposable, Emitter, type Event } from '../../base/index.js';
import type { ContributionPointName } from '../../plugin-api/index.js';
import { type Contributed, type ContributionDelta, ContributionTable, pointNames, points } from '../points/index.js';
import type { Plugin } from './plugin.js';
import {
  contributionsOf,
  loadPluginSet,
  type PluginRecord,
  type PluginSet,
  type PluginSetOptions,
} from './plugin-set.js';
import { isInForce } from './plugin-state.js';

/** Of plugins in force. */
export interface PluginsChanged {
  readonly added: readonly Plugin[];
  /** Now as they are, their code or manifest being another than before. */
  readonly changed: readonly Plugin[];
  readonly removed: readonly Plugin[];
}

type Tables = { readonly [Name in ContributionPointName]: ContributionTable<Name> };

export class PluginRegistry implements Disposable {
  readonly #changes = new Emitter<PluginsChanged>();
  readonly #tables: Tables = Object.fromEntries(
    pointNames.map(name => [name, new ContributionTable(points[name] as never)]),
  ) as unknown as Tables;
  #set: PluginSet = { records: [], problems: [] };

  /** @throws FILE_UNREADABLE when what was decided of plugins cannot be read; other faults are in `set` */
  static async open(options: PluginSetOptions): Promise<PluginRegistry> {
    const registry = new PluginRegistry();
    await registry.refresh(options);
    return registry;
  }

  /** After `set` and the contributions have changed. */
  readonly onChange: Event<PluginsChanged> = this.#changes.event;

  get set(): PluginSet {
    return this.#set;
  }

  /** Looks at these places. */
  async refresh(options: PluginSetOptions): Promise<PluginsChanged> {
    return this.apply(await loadPluginSet(options));
  }

  /** Takes a set over that was loaded elsewhere. */
  apply(loaded: PluginSet): PluginsChanged {
    const before = this.#set;
    this.#set = { ...loaded, records: loaded.records.map(record => kept(record, before.records)) };
    for (const name of pointNames) this.#table(name).replace(contributionsOf(this.#set, name));
    const changes = changesBetween(before, this.#set);
    const { added, changed, removed } = changes;
    if (added.length + changed.length + removed.length > 0) this.#changes.fire(changes);
    return changes;
  }

  /** The plugins that count, in their order. */
  inForce(): readonly Plugin[] {
    return [...inForce(this.#set).values()];
  }

  /** What counts of a point. */
  contributions<Name extends ContributionPointName>(name: Name): readonly Contributed<Name>[] {
    return this.#table(name).all;
  }

  /** What came and went at a point. */
  onContributions<Name extends ContributionPointName>(name: Name): Event<ContributionDelta<Name>> {
    return this.#table(name).onChange;
  }

  /** The plugin of this name that is in force, or would be; else one that cannot be used. */
  find(name: string): PluginRecord | undefined {
    const all = this.#set.records.filter(record => record.name === name);
    return all.find(({ state }) => state.kind !== 'superseded') ?? all[0];
  }

  dispose(): void {
    this.#changes.dispose();
  }

  #table<Name extends ContributionPointName>(name: Name): ContributionTable<Name> {
    return this.#tables[name] as unknown as ContributionTable<Name>;
  }
}

/** The plugin as it was, where nothing of it changed: its manifest's objects stay the same. */
function kept(record: PluginRecord, before: readonly PluginRecord[]): PluginRecord {
  const earlier = before.find(({ folder }) => folder === record.folder)?.plugin;
  const isSame = earlier?.fingerprint === record.plugin?.fingerprint && earlier?.source === record.plugin?.source;
  return earlier && isSame ? { ...record, plugin: earlier } : record;
}

function changesBetween(before: PluginSet, after: PluginSet): PluginsChanged {
  const [old, now] = [inForce(before), inForce(after)];
  return {
    added: [...now.values()].filter(({ name }) => !old.has(name)),
    changed: [...now.values()].filter(plugin => old.has(plugin.name) && old.get(plugin.name) !== plugin),
    removed: [...old.values()].filter(({ name }) => !now.has(name)),
  };
}

function inForce({ records }: PluginSet): ReadonlyMap<string, Plugin> {
  return new Map(records.flatMap(({ plugin, state }) => (plugin && isInForce(state) ? [[plugin.name, plugin]] : [])));
}
