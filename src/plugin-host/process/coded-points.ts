/**
 * What plugins contribute as code, by its id, as manifests have it: no process is started to say what is missing, or why.
 */
import { CycleboxError, didYouMean } from '../../base/index.js';
import type { ContributionPointName } from '../../plugin-api/index.js';
import { type ContributionOf, type ContributionPoint, points } from '../points/index.js';
import { type Plugin, type PluginRecord, stateText } from '../registry/index.js';

/** Points whose contributions are code. */
export type CodedPoint = Exclude<ContributionPointName, 'domainPairs' | 'configuration'>;

/** Why nobody can be asked for it: its plugin is not in force, or none has it. */
export function missingContribution(
  point: CodedPoint,
  id: string,
  records: readonly PluginRecord[],
  known: readonly string[],
): CycleboxError {
  const { noun } = points[point];
  const owner = records.find(({ plugin }) => plugin && idsOf(plugin, point).includes(id));
  if (owner) {
    const message = `The ${noun} "${id}" is of ${owner.name}, which is ${stateText(owner.state)}. See "cyclebox plugins info ${owner.name}".`;
    return new CycleboxError('PLUGIN_UNAVAILABLE', message, { subject: { plugin: owner.name } });
  }
  const others = known.length > 0 ? `known are ${known.join(', ')}` : `no plugin contributes any`;
  const unread = records.filter(({ plugin }) => !plugin).map(({ name, state }) => ` ${name} is ${stateText(state)}.`);
  const message = `There is no ${noun} "${id}"; ${others}.${didYouMean(id, known)}${unread.join('')}`;
  return new CycleboxError('PLUGIN_UNAVAILABLE', message);
}

/** The ids of what a plugin contributes to a point. */
export function idsOf({ manifest }: Pick<Plugin, 'manifest'>, point: CodedPoint): readonly string[] {
  const value = manifest.contributes[point] as readonly ContributionOf<typeof point>[] | undefined;
  return (value ?? []).flatMap(item => idOf(point, item) ?? []);
}

/** Undefined where its point has no ids. */
export function idOf(point: CodedPoint, item: unknown): string | undefined {
  return (points[point] as unknown as ContributionPoint).idOf(item as never);
}
