/** A plugin's metric, asked for over its process: two pictures go over as files, a number comes back. */
import { asCycleboxError } from '../../base/index.js';
import { writePicture } from '../../picture/index.js';
import { type PluginHost, scratchFile, withoutFiles } from '../../plugin-host/index.js';
import { type PairMetric, type Planes, pictureOf } from '../evaluation/index.js';
import type { PluginName } from '../plugin-names.js';

/** @throws PLUGIN_UNAVAILABLE naming what there is */
export function pluginMetric(host: PluginHost, name: PluginName): PairMetric {
  const { plugin, id, value } = host.named('metrics', name);
  const { title = name, better, unit } = value;
  const event = `onTrain:${id}`;
  const measure = async (input: Planes, output: Planes): Promise<number> => {
    await plugin.activate(event);
    const [before, after] = [scratchFile(plugin.places.scratch), scratchFile(plugin.places.scratch)];
    return await withoutFiles([before, after], async () => {
      await Promise.all([writePicture(before, pictureOf(input)), writePicture(after, pictureOf(output))]);
      const measured = await plugin.call(
        'measure',
        { id, input: before, output: after },
        { event, doing: `failed as metric "${id}"` },
      );
      return requireNumber(measured, name);
    });
  };
  return { name, facts: { title, better, ...(unit !== undefined && { unit: unitOf(unit) }) }, measure };
}

/** A plugin's percents are numbers from 0 to 100, and shown as they are. */
const unitOf = (unit: string): string => (unit === 'share' ? '' : unit);

/** Its process has looked already; it is the plugin's, and nobody here relies on it. */
function requireNumber(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw asCycleboxError(
    new Error(`${name} measured ${String(value)}; a finite number is expected`),
    {},
    'PLUGIN_FAILED',
  );
}
