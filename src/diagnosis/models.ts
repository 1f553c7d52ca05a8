/** Every direction of every pair with its model, whose content is summed and held against its manifest. */
import { asDomainName } from '../base/index.js';
import {
  type Direction,
  type DomainPair,
  directionsOf,
  loadAvailablePairs,
  type PairSelection,
} from '../catalog/index.js';
import type { DaemonConfig, Route } from '../daemon/index.js';
import type { Complaint, ModelReport } from './report.js';

/** @param complaints where what is wrong is added: files that are not what their manifest says, and plugins with faults */
export async function examineModels(
  config: (PairSelection & Pick<DaemonConfig, 'models'>) | undefined,
  complaints: Complaint[],
): Promise<readonly ModelReport[]> {
  const { pairs, problems } = await loadAvailablePairs(config ?? {});
  for (const { message } of problems) complaints.push({ about: 'models', blocking: false, message });
  const directions = await Promise.all(
    pairs.map(async pair => {
      const both = await directionsOf(pair, { modelStore: config?.models });
      return both.map(direction => reportOf(pair, direction));
    }),
  );
  const reports = directions.flat();
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

function reportOf(pair: DomainPair, { from, to, model, problem }: Direction): ModelReport {
  const common = { pair: pair.id, from, to };
  if (model) {
    const isListed = pair.models.get(asDomainName(to))?.sha256 !== undefined;
    return { ...common, state: isListed ? 'ready' : 'unlisted', ...model };
  }
  return { ...common, state: problem.code === 'MODEL_MISSING' ? 'missing' : 'damaged', problem: problem.message };
}
