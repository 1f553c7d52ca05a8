/** How plugins stand in the daemon that runs, in place of what files alone say of them; and what they have cost so far. */
import type { ErrorData } from '../../base/index.js';
import { runningPlugins } from '../../daemon/index.js';
import {
  type PluginCosts,
  type PluginRecord,
  type PluginState,
  pluginPlaces,
  readCosts,
} from '../../plugin-host/index.js';

export type ShownRecord = Omit<PluginRecord, 'state'> & {
  readonly state: PluginState;
  /** Of the process that runs in the daemon, and its last crash or failed start until it runs again. */
  readonly memoryBytes?: number | undefined;
  readonly fault?: ErrorData | undefined;
  /** So far, of the daemon that runs. */
  readonly costs?: PluginCosts | undefined;
};

/** @param stateFolder the project's; where no daemon owns it, the records stay as they are */
export async function withLiveStates(
  records: readonly PluginRecord[],
  stateFolder: string,
): Promise<readonly ShownRecord[]> {
  const live = await runningPlugins(stateFolder);
  return records.map(record => {
    const found = live.find(({ name, version }) => name === record.name && version === record.version);
    if (!found || record.state.kind === 'superseded') return record;
    const { state, memoryBytes, fault, costs } = found;
    return { ...record, state, memoryBytes, fault, costs };
  });
}

/** Undefined for a plugin that has never been started. */
export async function costsOf(stateFolder: string, name: string): Promise<PluginCosts | undefined> {
  const costs = await readCosts(pluginPlaces(stateFolder, name).ledger);
  return costs.starts + costs.crashes > 0 ? costs : undefined;
}

export function costLines(costs: PluginCosts): readonly string[] {
  const { starts, crashes, peakBytes, activation } = costs;
  const phases = activation
    ? `; the last took ${ms(activation.processMs)} for the process, ${ms(activation.loadMs)} for its code, ${ms(activation.activateMs)} for activate()`
    : '';
  const calls = Object.entries(costs.calls).map(([method, { calls: count, failures, totalMs, longestMs }]) => {
    const failed = failures > 0 ? `, ${failures} failed` : '';
    return `calls:       ${method} ${count}${failed}, ${ms(totalMs / count)} each, ${ms(longestMs)} at most`;
  });
  const memory = peakBytes > 0 ? [`memory:      ${Math.round(peakBytes / 1e6)} MB at most`] : [];
  return [`starts:      ${starts}, crashes ${crashes}${phases}`, ...calls, ...memory];
}

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
