/**
 * Keeps what plugins contribute to one point, as plugins come and go. Of two contributions with one id, that of the plugin that
 * stands first counts; when it goes, the other takes its place. Tells its listeners what was added and what removed, nothing else.
 */
import { CycleboxError, Emitter, type Event } from '../../base/index.js';
import type { ContributionPointName } from '../../plugin-api/index.js';
import type { ContributionOf, ContributionPoint } from './contribution-point.js';

/** Who contributes, as far as tables care. */
export interface Contributor {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** Comes with cyclebox: its contributions give way to a user's without a word. */
  readonly isBuiltIn: boolean;
}

export interface Contributed<Name extends ContributionPointName> {
  readonly plugin: Contributor;
  readonly value: ContributionOf<Name>;
}

export interface ContributionDelta<Name extends ContributionPointName> {
  readonly added: readonly Contributed<Name>[];
  readonly removed: readonly Contributed<Name>[];
}

export class ContributionTable<Name extends ContributionPointName> {
  readonly point: ContributionPoint<Name>;
  readonly #changes = new Emitter<ContributionDelta<Name>>();
  #all: readonly Contributed<Name>[] = [];
  #problems: readonly CycleboxError[] = [];

  constructor(point: ContributionPoint<Name>) {
    this.point = point;
  }

  readonly onChange: Event<ContributionDelta<Name>> = this.#changes.event;

  /** Those that count. */
  get all(): readonly Contributed<Name>[] {
    return this.#all;
  }

  /** PLUGIN_DUPLICATE for each contribution that another stands in the way of. */
  get problems(): readonly CycleboxError[] {
    return this.#problems;
  }

  /** @param offered what all plugins in force contribute, in their order; a contribution that stays is the same object as before */
  replace(offered: readonly Contributed<Name>[]): ContributionDelta<Name> {
    const before = this.#all;
    const { kept, problems } = firstOfEach(this.point, offered);
    this.#all = kept;
    this.#problems = problems;
    const [old, now] = [new Set(before.map(({ value }) => value)), new Set(kept.map(({ value }) => value))];
    const delta = {
      added: kept.filter(({ value }) => !old.has(value)),
      removed: before.filter(({ value }) => !now.has(value)),
    };
    if (delta.added.length + delta.removed.length > 0) this.#changes.fire(delta);
    return delta;
  }
}

function firstOfEach<Name extends ContributionPointName>(
  point: ContributionPoint<Name>,
  offered: readonly Contributed<Name>[],
): { readonly kept: readonly Contributed<Name>[]; readonly problems: readonly CycleboxError[] } {
  const byId = new Map<string, Contributed<Name>>();
  const problems: CycleboxError[] = [];
  const kept = offered.filter(one => {
    const id = point.idOf(one.value);
    const earlier = id === undefined ? undefined : byId.get(id);
    if (earlier && id !== undefined && !one.plugin.isBuiltIn) problems.push(duplicate(point, id, earlier, one));
    if (id !== undefined && !earlier) byId.set(id, one);
    return earlier === undefined;
  });
  return { kept, problems };
}

function duplicate<Name extends ContributionPointName>(
  { name, noun }: ContributionPoint<Name>,
  id: string,
  { plugin: kept }: Contributed<Name>,
  { plugin: dropped }: Contributed<Name>,
): CycleboxError {
  const message =
    `${dropped.name} (${dropped.folder}) registers the ${noun} "${id}", which ${kept.name} (${kept.folder}) registers already. ` +
    `The ${noun} of ${kept.name} is used; remove one of the two or change its id.`;
  const pair = name === 'domainPairs' ? id : undefined;
  return new CycleboxError('PLUGIN_DUPLICATE', message, { subject: { plugin: dropped.name, pair } });
}
