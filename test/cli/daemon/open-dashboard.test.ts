import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask } from '../../server/dashboard-under-test.js';
import { cyclebox, dayNight, drop, outputs, project } from '../../support/project.js';

const withPort = (port: number) => ({ ...dayNight, dashboard: { port } });

/** The dashboard of a daemon in `root`, as `cyclebox open` finds it. */
async function entrance(root: string) {
  const { code, out } = await cyclebox(root, 'open', '--print').ended;
  expect(code).toBe(0);
  const [, port, token] = /^http:\/\/127\.0\.0\.1:(\d+)\/#token=([\w-]{32})\n$/.exec(out)!;
  return { port: Number(port), headers: { authorization: `Bearer ${token}` } };
}

describe('cyclebox start and open', () => {
  it('show where the page is, and whoever was let in stays so when the daemon is killed and started again', async () => {
    const root = await project(withPort(0));
    const first = cyclebox(root, 'start');
    await first.heard('dashboard: http://127.0.0.1:');
    const { port, headers } = await entrance(root);
    const status = await ask(port, '/api/status', { token: false, headers });
    expect(status.json()).toMatchObject({ pid: first.child.pid, counts: {} });
    first.child.kill('SIGKILL');
    const { out } = await first.ended;
    expect(out).not.toContain(headers.authorization.slice(7));

    const second = cyclebox(root, 'start');
    await second.heard('dashboard: http://127.0.0.1:');
    const again = await entrance(root);
    expect(again.headers).toEqual(headers);
    expect((await ask(again.port, '/api/status', { token: false, headers })).json().pid).toBe(second.child.pid);
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
    expect(existsSync(join(root, '.cyclebox/dashboard.json'))).toBe(false);
  });

  it('work without a page: with --no-dashboard, where its port is taken, and with --once', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const root = await project(withPort((taken.address() as AddressInfo).port));
    await drop(root, 'day-to-night/a.png');
    const without = cyclebox(root, 'start');
    await without.heard('another program has this port');
    await without.heard('a.png → ');
    const asked = await cyclebox(root, 'open').ended;
    expect(asked.code).not.toBe(0);
    expect(asked.err).toMatch(/^USAGE: The daemon \(process \d+\) has no dashboard/);
    without.child.kill('SIGTERM');
    await without.ended;
    expect((await cyclebox(root, 'open').ended).err).toMatch(/^USAGE: No daemon is running/);
    const quiet = cyclebox(root, 'start', '--no-dashboard');
    await quiet.heard('watching ');
    quiet.child.kill('SIGTERM');
    const onceMore = await cyclebox(root, 'start', '--once').ended;
    for (const { out } of [await quiet.ended, onceMore]) expect(out).not.toContain('dashboard');
    expect(await outputs(root)).toEqual(['day-to-night/a.png']);
  });
});
