/** Jobs over HTTP: pages, one with its attempts, pictures of it, and changes to many. */
import { join } from 'node:path';
import { CycleboxError, identify, isSameIdentity } from '../../base/index.js';
import type { Attempt, JobHistory } from '../../inbox/index.js';
import type { JobAttempt, JobDetail, JobRow } from '../contract/index.js';
import { addRoute, HttpProblem } from '../http/index.js';
import type { RouteContext } from './context.js';
import { remedyOf } from './failure-groups.js';

const thumbnailSide = 256;
/** More than any screen shows at once. */
const viewerSide = 4096;

export function addJobRoutes(context: RouteContext): void {
  const { server, service } = context;
  addRoute(server, 'listJobs', ({ query }) => {
    const { jobs, next } = service.jobs.page(query);
    return { jobs: jobs as readonly JobRow[], ...(next !== undefined && { next }) };
  });
  addRoute(server, 'countJobs', ({ query }) => {
    const states = service.jobs.count({ ...query, states: undefined });
    const total = Object.values(service.jobs.count(query)).reduce((sum, count) => sum + count, 0);
    return { total, states };
  });
  addRoute(server, 'getJob', ({ params }) => detailOf(context, historyOf(context, params.id)));
  addRoute(server, 'getNeighbours', ({ params, query }) => {
    const { previous, next } = service.jobs.neighbours(historyOf(context, params.id).entry.id, query);
    return { ...(previous !== undefined && { previous }), ...(next !== undefined && { next }) };
  });
  addRoute(server, 'getJobLog', ({ params }) => ({ records: service.log.lines({ job: params.id }) }));
  addPictureRoutes(context);
  addRoute(server, 'changeJobs', async ({ body: { action, which } }) => {
    const { exceeds, ...change } = await service.change(action, which);
    context.feed.touch();
    if (exceeds === undefined) return change;
    const message = `The filter holds ${exceeds} jobs by now, more than were confirmed. Nothing was changed: look again, and confirm that.`;
    throw new HttpProblem('CONFLICT', message);
  });
}

function addPictureRoutes(context: RouteContext): void {
  const sides = { getThumbnail: thumbnailSide, getImage: viewerSide } as const;
  for (const name of ['getThumbnail', 'getImage'] as const) {
    addRoute(context.server, name, async ({ params, query, reply }) => {
      const bytes = await pictureOf(context, historyOf(context, params.id), query.of, sides[name]);
      return reply.type('image/webp').header('cache-control', 'private, max-age=60').send(bytes);
    });
  }
}

function pictureOf(
  { service, pictures }: RouteContext,
  { job }: JobHistory,
  of: 'source' | 'output',
  longestSide: number,
): Promise<Buffer> {
  const { inbox, outbox } = service.config;
  const { id, path, identity, state, output } = job;
  if (of === 'source') return pictures.picture({ id, of, folder: inbox, path, identity, longestSide });
  if (state !== 'done' || output === undefined)
    throw new CycleboxError('FILE_NOT_FOUND', `${path} has no output: it is ${state}.`);
  return pictures.picture({ id, of, folder: outbox, path: output, longestSide });
}

/** @throws FILE_NOT_FOUND */
function historyOf({ service }: RouteContext, id: string): JobHistory {
  const history = service.jobs.history(id);
  if (history && history.entry.id === id) return history;
  throw new CycleboxError('FILE_NOT_FOUND', `There is no job ${id}: it was forgotten, or it is of another journal.`);
}

async function detailOf({ service }: RouteContext, { entry, job, attempts }: JobHistory): Promise<JobDetail> {
  const { inbox, outbox } = service.config;
  const now = await identify(join(inbox, job.path)).catch(() => undefined);
  const source = now === undefined ? 'gone' : isSameIdentity(now, job.identity) ? 'there' : 'changed';
  const result = entry.output === undefined ? undefined : await isThere(join(outbox, entry.output));
  const hasFailed = entry.error !== undefined && (entry.state === 'failed' || entry.state === 'quarantined');
  const command = commandOf(entry.translation, join(inbox, job.path));
  return {
    ...(entry as JobRow),
    attemptList: attempts.map(attemptOf),
    source,
    ...(result !== undefined && { result }),
    ...(hasFailed && { remedy: remedyOf(entry.error?.code ?? '') }),
    ...(command !== undefined && { command }),
  };
}

async function isThere(file: string): Promise<'there' | 'gone'> {
  return (await identify(file).catch(() => undefined)) === undefined ? 'gone' : 'there';
}

function commandOf(translation: string, file: string): string | undefined {
  const [pair, to] = translation.split('/');
  if (!pair || to === undefined) return undefined;
  return `cyclebox translate ${shellQuote(file)} --pair ${pair} --to ${to}`;
}

function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function attemptOf({ number, startedMs, endedMs, outcome, code, message, report }: Attempt): JobAttempt {
  return {
    ...{ number, startedMs },
    ...(endedMs !== undefined && { endedMs }),
    ...(outcome !== undefined && { outcome }),
    ...(code !== undefined && { error: { code, message: message ?? '' } }),
    ...(report && { report: shown(report) }),
  };
}

/** What the file was is the journal's own business. */
function shown({ source: _source, name: _name, ...report }: NonNullable<Attempt['report']>): JobAttempt['report'] {
  return report;
}
