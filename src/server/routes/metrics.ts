/**
 * `/metrics` for Prometheus: the state of the queue and of the dashboard when it is asked for, and what has ended since the start. The
 * library is loaded with the first question; until then only numbers are counted.
 */
import type { Registry } from 'prom-client';
import { type Disposable, recordedStates } from '../../base/index.js';
import type { RouteContext } from './context.js';
import { WorkWaiting } from './work-waiting.js';

interface Tally {
  readonly done: Map<string, number>;
  readonly failed: Map<string, number>;
  seconds: number;
  readonly work: WorkWaiting;
}

export function addMetricsRoute(context: RouteContext): Disposable {
  const tally: Tally = { done: new Map(), failed: new Map(), seconds: 0, work: new WorkWaiting() };
  const subscription = context.service.onEvent(event => {
    if (event.type === 'done') {
      count(tally.done, event.translation);
      tally.seconds += event.ms / 1000;
      tally.work.heard(event.translation, event.report);
    }
    if (event.type === 'failed' && !event.earlier) count(tally.failed, event.error.code);
  });
  context.server.get('/metrics', async (_request, reply) => {
    const { Registry } = await import('prom-client');
    const registry = new Registry();
    await fill(registry, context, tally);
    return reply
      .type(registry.contentType)
      .header('cache-control', 'no-store')
      .send(await registry.metrics());
  });
  return subscription;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

async function fill(registry: Registry, { service, feed, status }: RouteContext, tally: Tally): Promise<void> {
  const { Counter, Gauge } = await import('prom-client');
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `cyclebox_${name}`, help, labelNames, registers });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `cyclebox_${name}`, help, labelNames, registers });
  const now = await status.report();
  gauge('build_info', 'Which cyclebox this is.', ['version']).set({ version: now.version }, 1);
  gauge('start_time_seconds', 'When the daemon started, since 1970.').set(now.startedMs / 1000);
  const jobs = gauge('jobs', 'Jobs of the journal, by state.', ['state']);
  // What scales by a state has to find it, also where no job is in it.
  for (const state of recordedStates) jobs.set({ state }, 0);
  for (const [state, count] of Object.entries(now.counts)) jobs.set({ state }, count);
  const backlog = service.jobs.backlog();
  const depth = gauge('queue_depth', 'Jobs that wait, by translation.', ['translation']);
  for (const { translation, count } of backlog) depth.set({ translation }, count);
  const oldestMs = Math.min(...backlog.map(one => one.oldestMs));
  const age = gauge('queue_oldest_seconds', 'How long the oldest job that waits has been known; 0 when none waits.');
  age.set(backlog.length > 0 ? Math.max(0, Date.now() - oldestMs) / 1000 : 0);
  const help =
    'Work that waits, in seconds of one device of the class; by what images have taken there since the start.';
  const work = gauge('queue_work_seconds', help, ['device_class']);
  for (const [kind, seconds] of tally.work.of(backlog)) work.set({ device_class: kind }, seconds);
  gauge('paused', '1 while no job is started.').set(now.pause ? 1 : 0);
  gauge('inbox_present', '0 while the inbox folder is gone.').set(now.inboxIsThere ? 1 : 0);
  gauge('routes_broken', 'Routes that cannot work.').set(
    now.routes.filter(({ problem }) => problem !== undefined).length,
  );
  gauge('memory_resident_bytes', 'Of the daemon alone, without its workers.').set(process.memoryUsage.rss());
  const workers = gauge('worker_busy', 'Workers that are at an image, by device.', ['device']);
  for (const { device, source } of now.workers) workers.inc({ device }, source === undefined ? 0 : 1);
  const waiting = gauge('webhook_deliveries_waiting', 'What webhooks are still to be told.');
  waiting.set([...service.deliveries.counts().values()].reduce((sum, count) => sum + count, 0));
  gauge('streams', 'Pages that listen.').set(feed.hub.population);
  counter('streams_dropped_total', 'Pages that did not read what they were sent.').inc(feed.hub.dropped);
  const done = counter('jobs_done_total', 'Jobs done since the start.', ['translation']);
  for (const [translation, count] of tally.done) done.inc({ translation }, count);
  const failed = counter('jobs_failed_total', 'Jobs that have failed since the start.', ['code']);
  for (const [code, count] of tally.failed) failed.inc({ code }, count);
  counter('job_seconds_sum', 'How long jobs took that were done, from start to published file.').inc(tally.seconds);
  counter('job_seconds_count', 'How many they are.').inc(
    [...tally.done.values()].reduce((sum, count) => sum + count, 0),
  );
}
