/** Trainings over HTTP: runs with their curves, samples, starts and what can be asked of one that runs here. */
import { join } from 'node:path';
import { identify } from '../../base/index.js';
import { finite, orNull } from '../../daemon/index.js';
import type { EventOf, RunHistory } from '../../training/index.js';
import type { TrainingDetail, TrainingRun } from '../contract/index.js';
import { addRoute } from '../http/index.js';
import type { RouteContext } from './context.js';

/** Sheets are small pictures. */
const longestSide = 1024;

export function addTrainingRoutes({ server, service, pictures }: RouteContext): void {
  const { trainings } = service;
  addRoute(server, 'listTrainings', async () => {
    const { refusal } = trainings;
    return { runs: await trainings.list(), ...(refusal !== undefined && { refusal }) };
  });
  addRoute(server, 'listImageFolders', async () => ({ folders: await trainings.folders() }));
  addRoute(server, 'getTraining', async ({ params, query }) => {
    const { run, history, hasPlugin } = await trainings.detail(params.id);
    return { ...run, ...detailOf(history, query), hasPlugin };
  });
  addRoute(server, 'getSample', async ({ params: { id, step, row, column }, reply }) => {
    const { folder, path } = await trainings.sample(id, step, row, column);
    const identity = await identify(join(folder, path));
    const bytes = await pictures.picture({ id: `training-${id}`, of: 'output', folder, path, identity, longestSide });
    return reply.type('image/webp').header('cache-control', 'private, max-age=3600').send(bytes);
  });
  addRoute(server, 'startTraining', ({ body }) => trainings.start(body));
  addRoute(server, 'askTraining', async ({ params, body }) => ({
    message: await trainings.ask(params.id, body.action),
  }));
  addRoute(server, 'usePair', async ({ params, body }) => ({
    message: await service.usePair(params.id, body.match, body.to),
  }));
}

interface Wanted {
  readonly points: number;
  readonly afterStep?: number | undefined;
}

type Detail = Omit<TrainingDetail, keyof TrainingRun | 'hasPlugin'>;

function detailOf(history: RunHistory, { points, afterStep = -1 }: Wanted): Detail {
  const session = history.sessions.at(-1)!;
  const isAfter = ({ step }: { readonly step: number }) => step > afterStep;
  return {
    settings: session.settings,
    data: session.data,
    device: session.device,
    parameters: session.parameters,
    curve: thinned(history.steps.filter(isAfter), points).map(pointOf),
    evaluations: history.evaluations.filter(isAfter).map(evaluationOf),
    samples: history.samples.map(({ step, columns, files }) => ({ step, columns, rows: files.length })),
    checkpoints: history.checkpoints.map(({ step, atMs, best }) => ({ step, atMs, isBest: best !== undefined })),
    warningList: warningsOf(history),
  };
}

function pointOf({
  step,
  atMs,
  losses,
  rates,
  imagesPerSecond,
  dataWaitShare,
}: EventOf<'step'>): Detail['curve'][number] {
  const speed = { imagesPerSecond: orNull(imagesPerSecond), dataWaitShare: orNull(dataWaitShare) };
  return { step, atMs, values: finite(losses), rates: finite(rates), ...speed };
}

function evaluationOf({ step, atMs, metrics, references }: EventOf<'evaluation'>): Detail['evaluations'][number] {
  const known = references.map(({ title, metrics }) => ({ title, values: finite(metrics) }));
  return { step, atMs, values: finite(metrics), references: known };
}

/** Each code once, as it was said last. */
function warningsOf({ warnings, evaluations }: RunHistory): Detail['warningList'] {
  const all = [
    ...warnings,
    ...evaluations.flatMap(({ step, warnings }) => warnings.map(warning => ({ ...warning, step }))),
  ].sort((a, b) => a.step - b.step);
  const byCode = new Map(all.map(({ step, code, message, advice }) => [code, { step, code, message, advice }]));
  return [...byCode.values()];
}

/** Every so many-th, and the last: each line of a history is a mean over its steps already. */
function thinned<T>(all: readonly T[], points: number): readonly T[] {
  const every = Math.ceil(all.length / points);
  return every <= 1 ? all : all.filter((_, index) => index % every === 0 || index === all.length - 1);
}
