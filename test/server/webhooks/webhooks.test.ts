import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../../../src/base/index.js';
import { resolveConfig, startDaemon } from '../../../src/daemon/index.js';
import { Webhooks } from '../../../src/server/index.js';
import { dayNight, drop, project } from '../../support/project.js';

const secret = 'a-secret-of-both-sides';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that answers with the given statuses in turn, then with 204. */
async function receiver(...statuses: number[]) {
  const received: Received[] = [];
  const server: Server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) });
    response.writeHead(statuses.shift() ?? 204, { location: '/elsewhere' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

async function daemonWith(url: string, root: string) {
  const config = { ...dayNight, webhooks: [{ url, secret }] };
  const daemon = await startDaemon(resolveConfig(config, root), { watch: false });
  onTestFinished(() => daemon.stop());
  return daemon;
}

describe('webhooks', () => {
  it('tell what has failed, signed so that the receiver knows the sender and the time', async () => {
    const { url, received } = await receiver();
    const root = await project();
    await drop(root, 'day-to-night/a.png', 'no image');
    const daemon = await daemonWith(url, root);
    const clock = new ManualClock();
    const hooks = new Webhooks({ service: daemon.service, clock });
    onTestFinished(() => hooks.dispose());
    await daemon.whenIdle();
    await daemon.service.retry({ failed: true });
    await daemon.whenIdle();
    await expect.poll(() => received.length).toBeGreaterThan(0);
    const { headers, body } = received.at(-1)!;
    const event = JSON.parse(body);
    expect(event).toMatchObject({ event: 'failed', data: { path: 'day-to-night/a.png', code: 'IMAGE_UNSUPPORTED' } });
    expect(headers['x-cyclebox-delivery']).toBe(event.id);
    const [, seconds, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-cyclebox-signature']))!;
    expect(Number(seconds)).toBe(Math.trunc(clock.epochMs() / 1000));
    expect(digest).toBe(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'));
    expect(body).not.toContain(secret);
    await expect.poll(() => [...daemon.service.deliveries.counts()]).toEqual([]);
  });

  it('wait in the journal for a receiver that is down or leads elsewhere, in order, and outlive the process', async () => {
    const { url, received } = await receiver(503, 302);
    const root = await project();
    const first = await daemonWith(url, root);
    const clock = new ManualClock();
    const hooks = new Webhooks({ service: first.service, clock });
    await first.service.pause('one');
    await expect.poll(() => received.length).toBe(1);
    await first.service.resume();
    await first.service.pause('two');
    await expect.poll(() => first.service.deliveries.heads()[0]?.attempts).toBe(1);
    expect(received).toHaveLength(1);
    clock.advance(20_000);
    await expect.poll(() => first.service.deliveries.heads()[0]?.attempts).toBe(2);
    await hooks.dispose();
    await first.stop();

    const second = await daemonWith(url, root);
    const later = new ManualClock(clock.epochMs() + 3_600_000);
    const again = new Webhooks({ service: second.service, clock: later });
    onTestFinished(() => again.dispose());
    await expect.poll(() => received.length).toBe(4);
    const events = received.map(({ body }) => JSON.parse(body));
    expect(events.map(({ data }) => data.reason)).toEqual(['one', 'one', 'one', 'two']);
    expect(new Set(events.slice(0, 3).map(({ id }) => id)).size).toBe(1);
    expect(received.map(({ headers }) => headers.host)).toEqual(Array(4).fill(new URL(url).host));
  });

  it('give up after a day, say so without the key in the address, and forget what is configured no longer', async () => {
    const root = await project();
    const url = 'http://127.0.0.1:9/a-long-key-in-the-path/x';
    const daemon = await daemonWith(url, root);
    const { deliveries, log } = daemon.service;
    deliveries.add('http://gone.example/', '{}', 0);
    const clock = new ManualClock();
    deliveries.add(url, JSON.stringify({ id: 'x' }), clock.epochMs() - 86_400_001);
    const hooks = new Webhooks({ service: daemon.service, clock, post: async () => 'it answered 500' });
    await expect.poll(() => [...deliveries.counts()]).toEqual([]);
    const said = log.lines().at(-1)!;
    expect(said.text).toBe(
      'the webhook http://127.0.0.1:9/…/x has not taken a message for a day, which is given up: it answered 500',
    );
    await hooks.dispose();
  });
});
