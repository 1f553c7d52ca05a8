import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { resolveConfig, startDaemon } from '../../src/daemon/index.js';
import type { Endpoint } from '../../src/server/contract/index.js';
import { endpoints, openDashboard, readKeptToken } from '../../src/server/index.js';
import { testSharp } from '../support/pictures.js';
import { dayNight, drop, project } from '../support/project.js';
import { listen, openUnderTest, token } from './dashboard-under-test.js';

const isBinary = (answer: Endpoint['answer']) => typeof answer === 'string';

/** What an answer is, held to the contract: everything in it is in the schema, and nothing else. */
function fits(name: keyof typeof endpoints, value: unknown): void {
  const { answer } = endpoints[name] as Endpoint;
  if (isBinary(answer) || typeof answer === 'string') throw new Error(`${name} has no JSON`);
  expect(answer.parse(value)).toEqual(JSON.parse(JSON.stringify(value)));
}

describe('an image that is dropped onto the page', () => {
  it('appears whole in the inbox, runs, and is shown before and after', async () => {
    const { ask, daemon, root, dashboard } = await openUnderTest();
    const stream = await listen(dashboard.port);
    const body = await testSharp(600, 400).png().toBuffer();
    const query = `route=${encodeURIComponent('day-to-night/**')}&name=zebra.png`;
    const headers = { 'content-type': 'image/png' };
    const uploaded = await ask(`/api/uploads?${query}`, { method: 'POST', body, headers });
    fits('upload', uploaded.json());
    expect(await readFile(join(root, 'inbox/day-to-night/zebra.png'))).toEqual(body);
    await daemon.scan();
    const event = await stream.heard(
      ({ type, data }) => type === 'jobs' && data.jobs.some((job: { state: string }) => job.state === 'done'),
    );
    const { id } = event.data.jobs[0];
    const detail = (await ask(`/api/jobs/${id}`)).json();
    fits('getJob', detail);
    expect(detail).toMatchObject({
      state: 'done',
      source: 'there',
      result: 'there',
      output: 'day-to-night/zebra.png',
      attemptList: [
        { number: 1, outcome: 'done', report: { width: 600, height: 400, device: 'cpu', precision: 'float32' } },
      ],
      command: expect.stringContaining('--pair day-night --to night'),
    });
    for (const [path, width] of [
      ['thumbnail?of=source', 256],
      ['thumbnail?of=output', 256],
      ['image?of=output', 600],
    ] as const) {
      const answer = await ask(`/api/jobs/${id}/${path}`);
      expect(answer.headers['content-type']).toBe('image/webp');
      expect(await sharp(answer.bytes).metadata()).toMatchObject({ format: 'webp', width });
    }
    const log = (await ask(`/api/jobs/${id}/log`)).json();
    fits('getJobLog', log);
    expect(log.records.map(({ text }: { text: string }) => text).join('\n')).toContain('day-to-night/zebra.png → ');
    await rm(join(root, 'inbox/day-to-night/zebra.png'));
    expect((await ask(`/api/jobs/${id}`)).json().source).toBe('gone');
    expect((await ask(`/api/jobs/${id}/thumbnail`)).status).toBe(200);
    expect((await ask(`/api/jobs/${id}/image`)).status).toBe(404);
  });
});

describe('failures', () => {
  it('are told by cause and remedy, and all of one code are done again once their number is confirmed', async () => {
    const { ask, daemon } = await openUnderTest({}, async root => {
      for (const name of ['a', 'b', 'c']) await drop(root, `day-to-night/${name}.png`, 'no image');
      await drop(root, 'lost.png');
    });
    await daemon.whenIdle();
    const failures = (await ask('/api/failures')).json();
    fits('listFailures', failures);
    expect(failures.groups).toMatchObject([
      {
        code: 'IMAGE_UNSUPPORTED',
        count: 3,
        translations: { 'day-night/night': 3 },
        remedy: expect.stringContaining('JPEG'),
      },
      { code: 'ROUTE_NOT_FOUND', count: 1 },
    ]);
    const page = (await ask('/api/jobs?states=failed&code=IMAGE_UNSUPPORTED&limit=2')).json();
    fits('listJobs', page);
    expect(page.jobs).toHaveLength(2);
    const rest = (await ask(`/api/jobs?states=failed&code=IMAGE_UNSUPPORTED&limit=2&cursor=${page.next}`)).json();
    expect(rest.jobs).toHaveLength(1);
    const counts = (await ask('/api/jobs/counts?states=failed&search=night')).json();
    fits('countJobs', counts);
    expect(counts).toEqual({ total: 3, states: { failed: 3 } });
    const neighbours = (
      await ask(`/api/jobs/${page.jobs[1].id}/neighbours?states=failed&code=IMAGE_UNSUPPORTED`)
    ).json();
    expect(neighbours).toEqual({ previous: page.jobs[0].id, next: rest.jobs[0].id });
    const filter = { states: ['failed'], code: 'IMAGE_UNSUPPORTED' };
    const retry = (atMost: number) =>
      ask('/api/jobs/actions', { method: 'POST', body: { action: 'retry', which: { filter, atMost } } });
    const refused = await retry(2);
    expect([refused.status, refused.json().error.code]).toEqual([409, 'CONFLICT']);
    const change = (await retry(3)).json();
    fits('changeJobs', change);
    expect(change).toEqual({ changed: 3, refused: [] });
    await daemon.whenIdle();
    const { attemptList } = (await ask(`/api/jobs/${rest.jobs[0].id}`)).json();
    expect(attemptList.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['failed', 'failed']);
  });
});

describe('the stream', () => {
  it('begins with a snapshot, and gives who comes back what was missed, or a new snapshot', async () => {
    const { daemon, root, dashboard } = await openUnderTest();
    const first = await listen(dashboard.port);
    const snapshot = await first.heard(({ type }) => type === 'snapshot');
    fits('getStatus', snapshot.data.status);
    await drop(root, 'day-to-night/a.png');
    await daemon.scan();
    const isDone = ({ type, data }: { type: string; data: { jobs: { state: string }[] } }) =>
      type === 'jobs' && data.jobs.some(({ state }) => state === 'done');
    const done = await first.heard(isDone);
    first.close();
    const second = await listen(dashboard.port, { 'last-event-id': snapshot.id });
    expect((await second.heard(isDone)).id).toBe(done.id);
    expect(second.events.map(({ type }) => type)).not.toContain('snapshot');
    for (const id of ['nonsense', 'abcdefgh-1', `${snapshot.id}999`]) {
      const other = await listen(dashboard.port, { 'last-event-id': id });
      expect((await other.heard(() => true)).type).toBe('snapshot');
    }
  });

  it('says when the queue is paused and resumed by the page, in the words of the log and of status', async () => {
    const { ask, dashboard, daemon } = await openUnderTest();
    const stream = await listen(dashboard.port);
    await stream.heard(({ type }) => type === 'snapshot');
    expect((await ask('/api/queue/pause', { method: 'POST', body: { reason: 'moving the disk' } })).status).toBe(204);
    const log = await stream.heard(({ type, data }) => type === 'log' && data.records[0].text.startsWith('paused'));
    expect(log.data.records[0].text).toBe('paused until it is resumed: moving the disk');
    const status = await stream.heard(({ type, data }) => type === 'status' && data.status.pause !== undefined);
    expect(status.data.status.notices).toMatchObject([
      { kind: 'paused', message: 'Paused: moving the disk.' },
      { kind: 'no-model' },
    ]);
    expect(status.data.status.lines.join('\n')).toContain('until "cyclebox queue resume": moving the disk');
    expect((await ask('/api/queue/resume', { method: 'POST', body: {} })).status).toBe(204);
    expect((await daemon.service.status()).pause).toBeUndefined();
  });
});

describe('the dashboard', () => {
  it('where its port is taken says so, and the daemon works without it', async () => {
    const root = await project();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const daemon = await startDaemon(resolveConfig(dayNight, root));
    try {
      const config = { ...daemon.config.dashboard!, port };
      const opening = openDashboard({ service: daemon.service, config, onDefect: () => {} });
      await expect(opening).rejects.toMatchObject({
        code: 'WRITE_FAILED',
        message: expect.stringContaining('another program has this port'),
      });
      await drop(root, 'day-to-night/a.png');
      await daemon.scan();
      await expect.poll(() => daemon.counts().done, { timeout: 90_000 }).toBe(1);
    } finally {
      taken.close();
      await daemon.stop();
    }
  });

  it('makes a token of its own where none is given, keeps it, and lets only the user read it', async () => {
    const root = await project();
    const daemon = await startDaemon(resolveConfig({ ...dayNight, dashboard: { port: 0 } }, root));
    const open = () => openDashboard({ service: daemon.service, config: daemon.config.dashboard!, onDefect: () => {} });
    try {
      const first = await open();
      await first.dispose();
      const second = await open();
      await second.dispose();
      const kept = (await readKeptToken(daemon.config.state))!;
      expect(first.entrance).toBe(`${first.address}#token=${kept}`);
      expect(second.entrance.split('#')[1]).toBe(first.entrance.split('#')[1]);
      expect((await stat(join(daemon.config.state, 'dashboard-token'))).mode & 0o777).toBe(0o600);
    } finally {
      await daemon.stop();
    }
  });

  it('describes everything that can be asked as OpenAPI', async () => {
    const { ask } = await openUnderTest();
    const document = (await ask('/api/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>);
    const named = operations.flatMap(path => Object.values(path).map(({ operationId }) => operationId));
    expect(named.sort()).toEqual(Object.keys(endpoints).sort());
    expect(document.paths['/api/jobs/{id}'].get.responses['200'].content['application/json'].schema.type).toBe(
      'object',
    );
  });

  it('tells Prometheus what it asks, and a balancer whether it is ready', async () => {
    const { ask, root, daemon } = await openUnderTest({}, root => drop(root, 'day-to-night/a.png'));
    await daemon.whenIdle();
    const { text, headers } = await ask('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    for (const line of ['cyclebox_jobs{state="done"} 1', 'cyclebox_paused 0', 'cyclebox_inbox_present 1'])
      expect(text).toContain(line);
    expect(text).toContain('cyclebox_queue_oldest_seconds 0\n');
    expect(text).toContain('cyclebox_queue_work_seconds{device_class="cpu"} 0\n');
    expect((await ask('/readyz', { token: false })).text).toBe('ready\n');
    await rm(join(root, 'inbox'), { recursive: true });
    await daemon.scan();
    const gone = await ask('/readyz', { token: false });
    expect([gone.status, gone.text]).toEqual([503, 'the inbox is gone\n']);
  });

  it('serves its pages compressed, with their names for every page that they know', async () => {
    const root = await project();
    await writeFile(join(root, 'index.html'), '<p>the pages</p>');
    const { ask } = await openUnderTest({ pages: root });
    const index = await ask('/', { token: false, headers: { 'accept-encoding': 'gzip' } });
    expect(index.headers['content-encoding']).toBe('gzip');
    expect((await ask('/jobs/some-id', { token: false })).text).toBe('<p>the pages</p>');
    expect((await ask('/missing.js', { token: false })).status).toBe(404);
    const headers = { 'if-none-match': String(index.headers['etag']) };
    expect((await ask('/', { token: false, headers })).status).toBe(304);
    expect(token).toBeDefined();
  });

  it('does what the command line can ask of the queue: purges, reads the configuration again, does again what is stale', async () => {
    const { ask } = await openUnderTest();
    for (const [path, name, answer] of [
      ['/api/queue/purge', 'purgeQueue', { changed: 0, refused: [] }],
      ['/api/queue/retry-stale', 'retryStale', { changed: 0, refused: [] }],
      ['/api/config/reload', 'reloadConfig', { kind: 'unchanged' }],
    ] as const) {
      const given = (await ask(path, { method: 'POST', body: {} })).json();
      fits(name, given);
      expect([path, given]).toEqual([path, answer]);
    }
  });

  it('refuses what the contract does not have, and says what', async () => {
    const { ask, defects } = await openUnderTest();
    for (const path of ['/api/jobs?limit=0', '/api/jobs?states=lost', '/api/jobs?cursor=x', '/api/jobs?unknown=1']) {
      const answer = await ask(path);
      expect([path, answer.status, answer.json().error.code]).toEqual([path, 400, 'USAGE']);
    }
    const body = { action: 'retry', which: { filter: {} } };
    expect((await ask('/api/jobs/actions', { method: 'POST', body })).status).toBe(400);
    expect(
      (await ask('/api/queue/pause', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }))
        .status,
    ).toBe(400);
    expect((await ask('/api/nothing')).status).toBe(404);
    expect((await ask('/api/jobs/018f0000-0000-7000-8000-000000000000')).status).toBe(404);
    expect(defects).toEqual([]);
  });
});
