/** Everything that is known to have been tried on local web interfaces, tried on this one. */
import { once } from 'node:events';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/index.js';
import { parseConfig } from '../../src/daemon/index.js';
import { needsToken } from '../../src/server/http/guard.js';
import { temporaryFolder, testSharp } from '../support/pictures.js';
import { drop } from '../support/project.js';
import { ask, askRaw, listen, openUnderTest, token } from './dashboard-under-test.js';

/** Gets the cookie as a browser does. */
async function signIn(port: number): Promise<string> {
  const headers = { 'sec-fetch-site': 'same-origin' };
  const answer = await ask(port, '/session', { method: 'POST', body: { token }, token: false, headers });
  expect(answer.status).toBe(204);
  return answer.headers['set-cookie']![0]!.split(';')[0]!;
}

/** An answer that comes while its request is still being sent may be lost with the connection, which is cut off either way. */
function orReset(answer: Promise<string>): Promise<string> {
  return answer.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'reset';
    throw error;
  });
}

describe('a page of another site whose name points here (DNS rebinding)', () => {
  it.each(['/', '/api/status', '/api/stream', '/assets/index.js', '/healthz', '/metrics'])(
    'gets nothing of %s, whatever else it brings',
    async path => {
      const { dashboard } = await openUnderTest();
      const cookie = await signIn(dashboard.port);
      for (const host of [
        'evil.example',
        `evil.example:${dashboard.port}`,
        'localhost.evil.example',
        '127.0.0.1.nip.io',
      ]) {
        const answer = await ask(dashboard.port, path, { headers: { host, cookie } });
        expect([host, answer.status, answer.json().error.code]).toEqual([host, 403, 'FORBIDDEN_HOST']);
      }
    },
  );

  it('is not let in by the headers of proxies, two hosts, or none', async () => {
    const { ask, dashboard } = await openUnderTest();
    const headers = { host: 'evil.example', 'x-forwarded-host': 'localhost', forwarded: 'host=localhost' };
    expect((await ask('/api/status', { headers })).status).toBe(403);
    const start = `GET /api/status HTTP/1.1\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n`;
    expect(await askRaw(dashboard.port, `${start}Host: evil.example\r\nHost: localhost\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 40[03]/,
    );
    expect(await askRaw(dashboard.port, `${start}\r\n`)).toMatch(/^HTTP\/1.1 40[03]/);
    expect(await askRaw(dashboard.port, `GET /api/status HTTP/1.0\r\nAuthorization: Bearer ${token}\r\n\r\n`)).toMatch(
      / 403 /,
    );
    const absolute = `GET http://localhost/api/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`;
    expect(await askRaw(dashboard.port, absolute)).toMatch(/ 403 /);
  });

  it('while this machine’s own names are answered, on whichever port a tunnel has', async () => {
    const { ask } = await openUnderTest();
    for (const host of ['localhost', 'LOCALHOST:9999', '127.0.0.1:1', '[::1]:7345'])
      expect((await ask('/api/status', { headers: { host } })).status).toBe(200);
  });
});

describe('a page of another site that sends requests', () => {
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'http://localhost:3000' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:1' },
  ];

  it('changes nothing, even with the cookie', async () => {
    const { dashboard, ask, daemon } = await openUnderTest();
    const cookie = await signIn(dashboard.port);
    for (const headers of foreign) {
      const options = { method: 'POST', body: { reason: 'evil' }, token: false, headers: { ...headers, cookie } };
      expect((await ask('/api/queue/pause', options)).status).toBe(403);
    }
    expect((await daemon.service.status()).pause).toBeUndefined();
  });

  it('reads nothing, even with the cookie', async () => {
    const { dashboard, ask } = await openUnderTest();
    const cookie = await signIn(dashboard.port);
    for (const headers of foreign)
      expect((await ask('/api/jobs', { token: false, headers: { ...headers, cookie } })).status).toBe(403);
  });

  it('sends no form, no plain text and no multipart: only JSON is read', async () => {
    const { dashboard, ask, daemon } = await openUnderTest();
    const cookie = await signIn(dashboard.port);
    const own = { 'sec-fetch-site': 'same-origin', cookie };
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain; application/json',
    ]) {
      const headers = { ...own, 'content-type': type };
      for (const path of ['/api/queue/pause', '/session', '/api/uploads?route=day-to-night/**&name=a.png']) {
        const answer = await ask(path, { method: 'POST', body: '{"reason":"evil"}', token: false, headers });
        expect([path, type, answer.status]).toEqual([path, type, 415]);
      }
    }
    expect((await ask('/api/queue/pause', { method: 'POST', token: false, headers: own })).status).toBe(415);
    expect((await daemon.service.status()).pause).toBeUndefined();
  });

  it('is told nothing about who else may ask (no CORS), and asks in vain for it', async () => {
    const { ask } = await openUnderTest();
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const preflight = await ask('/api/queue/pause', { method: 'OPTIONS', token: false, headers });
    expect(preflight.status).toBeGreaterThanOrEqual(400);
    for (const answer of [preflight, await ask('/api/status')])
      expect(Object.keys(answer.headers).filter(name => name.startsWith('access-control'))).toEqual([]);
  });

  it('may lead somebody to the front page, which shows nothing by itself', async () => {
    const { ask } = await openUnderTest();
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask('/', { token: false, headers })).status).toBe(200);
  });
});

describe('another user of this machine', () => {
  it('gets 401 without the token at everything but the page and the two signs of health', async () => {
    const { ask } = await openUnderTest();
    const open = ['/', '/healthz', '/readyz'];
    for (const path of open) expect([path, (await ask(path, { token: false })).status]).toEqual([path, 200]);
    const closed = [
      '/api/status',
      '/api/jobs',
      '/api/stream',
      '/api/nothing',
      '/api',
      '/api/',
      '/metrics',
      '//api/jobs',
      '/API/jobs',
      '/%61pi/jobs',
      '/api%2fjobs',
    ];
    for (const path of closed) expect([path, (await ask(path, { token: false })).status]).toEqual([path, 401]);
  });

  it('cannot spell a path so that the router takes it for one of the API and the guard does not', () => {
    for (const path of [
      '/api',
      '/api/',
      '/api?x',
      '/%61%70%69/jobs',
      '/metrics',
      '/metrics?x=/',
      '/%6detrics',
      '/%',
      '/api;x',
    ])
      expect([path, needsToken(path)]).toEqual([path, true]);
    for (const path of ['/', '/apidocs', '/jobs/api', '/assets/api.js'])
      expect([path, needsToken(path)]).toEqual([path, false]);
  });

  it('guesses ten times, and then waits, also with the right one', async () => {
    const { ask, dashboard } = await openUnderTest();
    const guess = (word: string) =>
      ask('/session', { method: 'POST', body: { token: word }, token: false }).then(({ status }) => status);
    const statuses: number[] = [];
    for (let index = 0; index < 12; index++) statuses.push(await guess(`guess-${index}`));
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
    expect(statuses.slice(10)).toEqual([429, 429]);
    expect(await guess(token)).toBe(429);
    expect(
      (await ask('/api/status', { headers: { authorization: 'Bearer wrong' } })).headers['retry-after'],
    ).toBeDefined();
    expect(dashboard.port).toBeGreaterThan(0);
  });

  it('cannot make the cookie of one port that of another, and scripts cannot read it', async () => {
    const [one, other] = [await openUnderTest(), await openUnderTest()];
    const answer = await one.ask('/session', { method: 'POST', body: { token }, token: false });
    const header = answer.headers['set-cookie']![0]!;
    expect(header).toContain(`cyclebox-${one.dashboard.port}=`);
    for (const word of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(header).toContain(word);
    const cookie = header.split(';')[0]!;
    expect(cookie).not.toContain(token);
    expect((await one.ask('/api/status', { token: false, headers: { cookie } })).status).toBe(200);
    expect((await other.ask('/api/status', { token: false, headers: { cookie } })).status).toBe(401);
  });

  it('who has stolen a cookie cannot use it from a program', async () => {
    const { ask, dashboard } = await openUnderTest();
    const cookie = await signIn(dashboard.port);
    const stolen = await ask('/api/queue/pause', { method: 'POST', body: {}, token: false, headers: { cookie } });
    expect(stolen.status).toBe(403);
  });
});

describe('the network', () => {
  it('is listened to with a token only', () => {
    const routes = [{ match: '**', pair: 'a', to: 'b' }];
    const config = (dashboard: object) => JSON.stringify({ dashboard, routes });
    const open = config({ host: '0.0.0.0' });
    expect(() => parseConfig(open, 'watch-config.json')).toThrow(
      /dashboard\.token: must be given where "host" is beyond/,
    );
    expect(() => parseConfig(config({ host: '192.168.1.5', token: 'short' }), 'f')).toThrow(/at least 16/);
    expect(() => parseConfig(config({ host: '0.0.0.0', token }), 'f')).not.toThrow();
    expect(() => parseConfig(config({ host: '127.0.0.1' }), 'f')).not.toThrow();
  });

  it('is not heard at all by default', async () => {
    const { dashboard } = await openUnderTest();
    expect(dashboard.address).toBe(`http://127.0.0.1:${dashboard.port}/`);
  });
});

describe('what comes back', () => {
  it.each(['/', '/api/status', '/api/nothing', '/healthz'])(
    '%s may run no scripts of others and stand in no frame',
    async path => {
      const { ask } = await openUnderTest();
      const { headers } = await ask(path);
      const policy = String(headers['content-security-policy']);
      for (const word of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
        expect(policy).toContain(word);
      expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
    },
  );
});

describe('paths', () => {
  it('lead to no file outside the pages', async () => {
    const pages = await temporaryFolder();
    await writeFile(join(pages, 'index.html'), '<p>the pages</p>');
    const secret = await temporaryFolder();
    await writeFile(join(secret, 'secret.html'), 'secret');
    await symlink(join(secret, 'secret.html'), join(pages, 'link.html'));
    await symlink(secret, join(pages, 'folder'));
    const { dashboard } = await openUnderTest({ pages });
    const paths = [
      '/../secret.html',
      '/..%2fsecret.html',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/....//etc/passwd',
      '/link.html',
      '/folder/secret.html',
      '/index.html%00.png',
      '\\..\\secret.html',
      '/index.html/../../secret.html',
    ];
    for (const path of paths) {
      const answer = await askRaw(
        dashboard.port,
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect([path, /secret$|root:/.test(answer)]).toEqual([path, false]);
    }
  });

  it('of images come from jobs alone, and a link in their place is not followed', async () => {
    const { root, daemon, ask, defects } = await openUnderTest();
    await drop(root, 'day-to-night/a.png');
    await daemon.scan();
    await daemon.whenIdle();
    const [job] = daemon.service.jobs.page({ limit: 1 }).jobs;
    const secret = join(await temporaryFolder(), 'secret.png');
    await writeFile(secret, await testSharp().png().toBuffer());
    const output = join(root, 'outbox/day-to-night/a.png');
    await rename(output, `${output}.old`);
    await symlink(secret, output);
    const linked = await ask(`/api/jobs/${job!.id}/thumbnail?of=output`);
    expect(linked.status).toBeGreaterThanOrEqual(400);
    await rename(join(root, 'outbox/day-to-night'), join(root, 'outbox/elsewhere'));
    await mkdir(join(root, 'other'));
    await writeFile(join(root, 'other/a.png'), await testSharp().png().toBuffer());
    await symlink(join(root, 'other'), join(root, 'outbox/day-to-night'));
    expect((await ask(`/api/jobs/${job!.id}/image?of=output`)).status).toBe(404);
    for (const id of ['..%2f..%2fetc', 'day-to-night%2fa.png', 'x'.repeat(200)])
      expect((await ask(`/api/jobs/${id}/thumbnail`)).status).toBeGreaterThanOrEqual(400);
    expect(defects.filter(error => !(error instanceof Error && 'code' in error))).toEqual([]);
  });

  it('of uploads are names, in the folder of a route, through no link and over no file', async () => {
    const { root, ask } = await openUnderTest();
    const png = await testSharp().png().toBuffer();
    const send = (name: string, route = 'day-to-night/**') =>
      ask(`/api/uploads?route=${encodeURIComponent(route)}&name=${encodeURIComponent(name)}`, {
        method: 'POST',
        body: png,
        headers: { 'content-type': 'image/png' },
      });
    for (const name of [
      '../a.png',
      'x/a.png',
      'x\\a.png',
      '/etc/a.png',
      '..',
      '.png',
      '.hidden.png',
      'a.png\0',
      'a\n.png',
      'con:a.png',
      `${'a'.repeat(300)}.png`,
      '',
    ])
      expect([name, (await send(name)).status]).toEqual([name, 400]);
    for (const name of ['a.html', 'a.svg', 'a', 'a.png.exe'])
      expect([name, (await send(name)).status]).toEqual([name, 422]);
    expect((await send('a.png', '../**')).status).toBe(404);
    expect((await send('a.png')).json()).toEqual({ path: 'day-to-night/a.png', bytes: png.length });
    expect((await send('a.png')).json()).toMatchObject({ path: 'day-to-night/a (2).png' });
    const outside = await temporaryFolder();
    await rename(join(root, 'inbox/night-to-day'), join(root, 'inbox/moved'));
    await symlink(outside, join(root, 'inbox/night-to-day'));
    expect((await send('b.png', 'night-to-day/**')).status).toBe(500);
  });
});

describe('floods', () => {
  it('of bytes are cut off: JSON beyond a mebibyte, heads without end', async () => {
    const { ask, dashboard } = await openUnderTest();
    const reason = 'x'.repeat(1024 * 1024);
    const status = ask('/api/queue/pause', { method: 'POST', body: { reason } }).then(answer => `${answer.status}`);
    expect(await orReset(status)).toMatch(/^(?:413|reset)$/);
    const head = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`;
    expect(await orReset(askRaw(dashboard.port, head))).toMatch(/ 431 |^reset$/);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('of heads that come a letter at a time are cut off, and others are answered meanwhile', async () => {
    const { ask, dashboard } = await openUnderTest({ limits: { headersWithinMs: 150, checkEveryMs: 50 } });
    const sockets = Array.from({ length: 20 }, () => connect(dashboard.port, '127.0.0.1').on('error', () => {}));
    const answers = sockets.map(async socket => {
      let text = '';
      socket.setEncoding('utf8').on('data', part => {
        text += part;
      });
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX: ');
      const letters = setInterval(() => socket.write('y'), 20);
      await once(socket, 'close');
      clearInterval(letters);
      return text;
    });
    expect((await ask('/healthz')).status).toBe(200);
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^(?:$|HTTP\/1\.1 408 )/);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('of requests are slowed down, and the daemon works on', async () => {
    const clock = new ManualClock();
    const { ask, daemon } = await openUnderTest({ clock });
    const statuses: number[] = [];
    for (let round = 0; round < 11; round++) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => ask('/healthz')));
      statuses.push(...answers.map(({ status }) => status));
    }
    expect(statuses).toEqual([...Array(1000).fill(200), ...Array(100).fill(429)]);
    expect((await daemon.service.status()).daemon?.pid).toBe(process.pid);
    clock.advance(1000);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('of connections end at the limit, and are over when they are closed', async () => {
    const { ask, dashboard } = await openUnderTest();
    const sockets = Array.from({ length: 300 }, () => connect(dashboard.port, '127.0.0.1').on('error', () => {}));
    let closed = 0;
    for (const socket of sockets) socket.on('close', () => closed++).resume();
    await expect.poll(() => closed).toBe(300 - 256);
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(() =>
        ask('/healthz').then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });

  it('of streams end at the limit', async () => {
    const { dashboard, ask } = await openUnderTest({ limits: { mostClients: 3 } });
    for (let index = 0; index < 3; index++) await listen(dashboard.port);
    const refused = await ask('/api/stream');
    expect([refused.status, refused.json().error.code]).toEqual([503, 'TOO_MANY_STREAMS']);
  });

  it('that nobody reads are not kept: who does not read is dropped', async () => {
    const { dashboard, daemon } = await openUnderTest({ limits: { mostUnreadBytes: 20_000 } });
    const sleeper = connect(dashboard.port, '127.0.0.1');
    sleeper.on('error', () => {});
    const closed = new Promise<void>(resolve => sleeper.on('close', () => resolve()));
    sleeper.write(`GET /api/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    sleeper.pause();
    const reader = await listen(dashboard.port);
    await reader.heard(({ type }) => type === 'snapshot');
    const dropped = async () =>
      /^cyclebox_streams_dropped_total (\d+)/m.exec((await ask(dashboard.port, '/metrics')).text)?.[1];
    const text = 'z'.repeat(200_000);
    for (let count = 1; count <= 200 && (await dropped()) === '0'; count++) {
      daemon.service.log.add({ level: 'warn', text, record: {} });
      const isIt = ({ sequence }: { readonly sequence: number }) => sequence >= count;
      await reader.heard(({ type, data }) => type === 'log' && data.records.some(isIt));
    }
    expect(await dropped()).toBe('1');
    sleeper.resume();
    await closed;
    expect(reader.events.length).toBeGreaterThan(1);
    expect((await ask(dashboard.port, '/healthz')).status).toBe(200);
  });
});
