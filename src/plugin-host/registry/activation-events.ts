/** What activates a plugin: the events that follow from what it contributes, and those that its manifest lists. */
import type { ContributionPointName, PluginManifest } from '../../plugin-api/index.js';
import { type ContributionOf, type ContributionPoint, pointNames, points } from '../points/index.js';

/** Each once. Empty for a declarative plugin: nothing ever activates it. */
export function activationEventsOf({ contributes, activationEvents = [] }: PluginManifest): readonly string[] {
  const implied = pointNames.flatMap(name => impliedBy(points[name] as ContributionPoint, contributes[name]));
  return [...new Set([...implied, ...activationEvents])];
}

/** Points that contribute something which code has to do. */
export function pointsThatNeedCode({ contributes }: Pick<PluginManifest, 'contributes'>): readonly string[] {
  return pointNames.filter(name => impliedBy(points[name] as ContributionPoint, contributes[name]).length > 0);
}

function impliedBy(point: ContributionPoint, value: unknown): readonly string[] {
  if (value === undefined) return [];
  const items = point.items(value as never) as readonly ContributionOf<ContributionPointName>[];
  return items.flatMap(item => point.activationEventOf(item) ?? []);
}
