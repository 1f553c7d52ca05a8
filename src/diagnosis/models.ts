/** Every direction of every pair with its model, whose content is summed and held against its manifest. */
import { asDomainName } from '../base/index.js';
import { availablePairs, type Direction, type DomainPair, directionsOf } from '../catalog/index.js';
import { type DaemonConfig, pluginOptionsOf, type Route } from '../daemon/index.js';
import { healthText, type PairHealth, readHealth } from '../health/index.js';
import { loadPluginSet } from '../plugin-host/index.js';
import type { Complaint, ModelReport } from './report.js';

/** @param complaints where what is wrong is added: files that are not what their manifest says, and plugins with faults */
export async function examineModels(
  config: DaemonConfig | undefined,
  complaints: Complaint[],
): Promise<readonly ModelReport[]> {
  const set = await loadPluginSet(config ? pluginOptionsOf(config) : {});
  const { pairs, problems } = availablePairs(set, config?.disabledPairs);
  const health: PairHealth = config ? await readHealth(config.state) : new Map();
  for (const { message } of problems) complaints.push({ about: 'models', blocking: false, message });
  const directions = await Promise.all(
    pairs.map(async pair => {
      const both = await directionsOf(pair, { modelStore: config?.models });
      return both.map(direction => reportOf(pair, direction, health));
    }),
  );
  const reports = directions.flat();
  for (const { pair, to, health: found } of reports) {
    if (!found || found.faults.length === 0) continue;
    complaints.push({ about: 'models', blocking: false, message: `${pair}/${to} is ${healthText(found)}` });
  }
  for (const { state, problem } of reports) {
    if (state === 'damaged' && problem) complaints.push({ about: 'models', blocking: true, message: problem });
  }
  return reports;
}

/** The daemon needs one route that works; the others may wait for their models, but not be wrong. */
export function examineRoutes(routes: readonly Route[], complaints: Complaint[]): void {
  const faulty = routes.filter(({ problem }) => problem && problem.code !== 'MODEL_MISSING');
  for (const { match, problem } of faulty) {
    // A damaged file has been complained of as a model.
    if (problem?.code === 'MODEL_HASH_MISMATCH') continue;
    complaints.push({ about: 'models', blocking: true, message: `Route "${match}": ${problem?.message}` });
  }
  const waiting = routes.filter(({ problem }) => problem?.code === 'MODEL_MISSING');
  if (waiting.length > 0) complaints.push(withoutModel(waiting, waiting.length === routes.length));
}

function withoutModel(routes: readonly Route[], blocking: boolean): Complaint {
  const names = routes.map(({ match }) => `"${match}"`).join(', ');
  const subject = routes.length === 1 ? 'The route' : 'The routes';
  const verb = routes.length === 1 ? 'has' : 'have';
  const message = `${subject} ${names} ${verb} no model yet: train one, or put its file where "cyclebox pairs" says.`;
  return { about: 'models', blocking, message };
}

function reportOf(pair: DomainPair, { from, to, model, problem }: Direction, health: PairHealth): ModelReport {
  const common = { pair: pair.id, from, to };
  if (model) {
    const isListed = pair.models.get(asDomainName(to))?.sha256 !== undefined;
    const found = health.get(`${pair.id}/${to}`);
    const isOfModel = found?.sha256 === model.sha256;
    return { ...common, state: isListed ? 'ready' : 'unlisted', ...model, ...(isOfModel && { health: found }) };
  }
  return { ...common, state: problem.code === 'MODEL_MISSING' ? 'missing' : 'damaged', problem: problem.message };
}
