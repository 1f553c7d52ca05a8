import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DisposableStore, packageRoot } from '../../src/base/index.js';
import { type DaemonEvent, type DaemonOptions, loadConfig, startDaemon } from '../../src/daemon/index.js';
import { testSharp } from '../support/pictures.js';
import { cyclebox, dayNight, drop, outputs, project, writeConfig } from '../support/project.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

// Many processes, one after the other, on machines that have other things to do.
vi.setConfig({ testTimeout: 240_000 });

let opened: DisposableStore;
beforeEach(() => {
  opened = new DisposableStore();
});
afterEach(() => opened.dispose());

/** A worker that copies texts, and hangs on those that say so. */
const fixtureWorker = join(packageRoot, 'test/fixtures/worker/worker.mjs');

async function start(root: string, options: DaemonOptions = {}) {
  const configFile = join(root, 'watch-config.json');
  const events: DaemonEvent[] = [];
  let hear: (() => void) | undefined;
  const onEvent = (event: DaemonEvent) => {
    events.push(event);
    hear?.();
  };
  const config = await loadConfig(configFile);
  const daemon = opened.add(await startDaemon(config, { configFile, workerEntry: fixtureWorker, ...options, onEvent }));
  const next = async <T extends DaemonEvent['type']>(type: T) => {
    for (;;) {
      const at = events.findIndex(event => event.type === type);
      if (at >= 0) return events.splice(at, 1)[0] as Extract<DaemonEvent, { type: T }>;
      await new Promise<void>(resolve => {
        hear = resolve;
      });
    }
  };
  return { daemon, events, next };
}

const night = { match: 'evening/**', pair: 'day-night', to: 'night' };

describe('the configuration of a running daemon', () => {
  it('is taken over when the file changes, also by rename, and files that had no route find theirs', async () => {
    const root = await project();
    await drop(root, 'evening/a.png', 'text');
    const { daemon, next } = await start(root);
    expect(await next('failed')).toMatchObject({ path: 'evening/a.png', error: { code: 'ROUTE_NOT_FOUND' } });
    const changed = { ...dayNight, settleMs: 40, routes: [...dayNight.routes, night] };
    await writeFile(join(root, 'next.json'), JSON.stringify(changed));
    await rename(join(root, 'next.json'), join(root, 'watch-config.json'));
    expect(await next('reloaded')).toMatchObject({ keys: ['settleMs', 'routes'] });
    expect(await next('done')).toMatchObject({ path: 'evening/a.png', output: 'evening/a.png' });
    expect(daemon.config.settleMs).toBe(40);
    expect(daemon.failures).toEqual([]);
  });

  it('stays as it was when the new one is wrong, says so once, and mends with the file', async () => {
    const root = await project();
    const { daemon, events, next } = await start(root);
    await writeFile(join(root, 'watch-config.json'), '{ "setleMs": 5, "routes": [] }');
    const { error } = await next('reloadRefused');
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('settleMs') });
    expect((await daemon.service.status()).daemon?.configProblem).toContain('CONFIG_INVALID');
    await drop(root, 'day-to-night/a.png', 'text');
    await next('done');
    await writeConfig(root, dayNight);
    expect(await next('reloaded')).toMatchObject({ keys: [] });
    expect((await daemon.service.status()).daemon?.configProblem).toBeUndefined();
    expect(events.filter(event => event.type === 'reloadRefused')).toEqual([]);
  });

  it.each([
    [
      'a misspelt pair',
      { routes: [{ match: 'day-to-night/**', pair: 'day-nihgt', to: 'night' }] },
      /Did you mean "day-night"/,
    ],
    [
      'a domain that the pair has not',
      { routes: [{ match: 'x/**', pair: 'day-night', to: 'dawn' }] },
      /no domain "dawn"/,
    ],
    ['a folder of plugins that is not there', { plugins: ['plugins', 'mine'] }, /mine does not exist/],
    ['a pair to switch off that nobody registers', { disabledPairs: ['horse-zerba'] }, /Did you mean "horse-zebra"/],
  ])('is refused as a whole for %s, and files fare as before', async (_, wrong, words) => {
    const root = await project();
    const { daemon, next } = await start(root);
    await writeConfig(root, { ...dayNight, settleMs: 50, ...wrong });
    const outcome = await daemon.reload();
    expect(outcome).toMatchObject({
      kind: 'refused',
      error: { code: 'CONFIG_INVALID', message: expect.stringMatching(words) },
    });
    expect(daemon.config.settleMs).toBe(30);
    await drop(root, 'day-to-night/a.png', 'text');
    await next('done');
  });

  it('is taken over beside a fault that was there at the start, which is named in the status', async () => {
    const faulty = { ...dayNight, routes: [...dayNight.routes, { match: 'x/**', pair: 'day-nihgt', to: 'night' }] };
    const root = await project(faulty);
    const { daemon } = await start(root);
    await writeConfig(root, { ...faulty, settleMs: 50 });
    expect(await daemon.reload()).toEqual({ kind: 'applied', keys: ['settleMs'] });
    expect((await daemon.service.status()).daemon?.routes[2]?.problem).toContain('PAIR_NOT_FOUND');
  });

  it('is refused as a whole when a part of it needs a restart', async () => {
    const root = await project();
    const { daemon } = await start(root);
    await writeConfig(root, { ...dayNight, outbox: 'elsewhere', settleMs: 50 });
    const outcome = await daemon.reload();
    expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'CONFIG_INVALID' } });
    if (outcome.kind === 'refused') expect(outcome.error.message).toMatch(/outbox can only .*also changed: settleMs/);
    expect(daemon.config.settleMs).toBe(30);
  });

  it('is refused when it would put the outbox into the inbox through a link', async () => {
    const root = await project();
    const { daemon } = await start(root);
    await mkdir(join(root, 'inbox/results'), { recursive: true });
    await symlink(join(root, 'inbox/results'), join(root, 'linked'));
    await writeConfig(root, { ...dayNight, outbox: 'linked/deep' });
    expect(await daemon.reload()).toMatchObject({
      kind: 'refused',
      error: { message: expect.stringContaining('must lie apart') },
    });
  });

  it('finds a model that appears for a route without one', async () => {
    const root = await project({ ...dayNight, rescanMs: 200 });
    await drop(root, 'night-to-day/a.png', 'text');
    const { next } = await start(root);
    expect(await next('failed')).toMatchObject({ error: { code: 'MODEL_MISSING' } });
    await writeTinyOnnx(join(root, 'models/to-day.onnx'), { kind: 'identity' });
    expect(await next('modelsChanged')).toMatchObject({ translations: ['day-night/day'] });
    expect(await next('done')).toMatchObject({ path: 'night-to-day/a.png' });
  });

  it('gives the next image a worker with the new settings', async () => {
    const root = await project();
    const { daemon, next } = await start(root);
    await drop(root, 'day-to-night/a.png', 'text');
    await next('done');
    const before = daemon.workers[0]?.pid;
    await writeConfig(root, { ...dayNight, threads: 2 });
    expect(await daemon.reload()).toEqual({ kind: 'applied', keys: ['threads'] });
    await drop(root, 'day-to-night/b.png', 'text');
    await next('done');
    expect(daemon.workers[0]?.pid).not.toBe(before);
    expect(() => process.kill(before!, 0)).toThrow();
  });
});

describe('stopping', () => {
  it('gives back what does not end within the limit, and the next start does it', async () => {
    const root = await project({ ...dayNight, stopTimeoutMs: 50 });
    await drop(root, 'day-to-night/a.png', 'hang');
    const { daemon, next } = await start(root);
    await next('started');
    await daemon.stop();
    expect(await outputs(root)).toEqual([]);
    await rm(join(root, 'inbox/day-to-night/a.png'));
    await drop(root, 'day-to-night/a.png');
    const again = await start(root, { workerEntry: undefined });
    await again.next('done');
    expect(await outputs(root)).toEqual(['day-to-night/a.png']);
  });

  it('is in order when the terminal goes (SIGHUP), and SIGUSR1 opens no debugger to others', async () => {
    const root = await project();
    const { child, ended, heard } = cyclebox(root, 'start');
    await heard('watching');
    child.kill('SIGUSR1');
    expect((await cyclebox(root, 'status').ended).out).toContain(`process ${child.pid}`);
    child.kill('SIGHUP');
    expect(await ended).toMatchObject({ code: 0, err: '', out: expect.stringContaining('"stopped"') });
    expect(existsSync(join(root, '.cyclebox/journal.sqlite'))).toBe(true);
    expect(existsSync(join(root, '.cyclebox/owner.json'))).toBe(false);
  });

  it('exits at once on a second signal, and loses nothing', async () => {
    const root = await project();
    await drop(root, 'day-to-night/large.png', await testSharp(3000, 3000).png().toBuffer());
    const { child, ended, heard } = cyclebox(root, 'start', '--verbose');
    await heard('large.png started');
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect([130, 143]).toContain((await ended).code);
    expect((await cyclebox(root, 'start', '--once').ended).code).toBe(0);
    expect(await outputs(root)).toEqual(['day-to-night/large.png']);
  });
});

describe('the lock of the state folder', () => {
  it('ends a second daemon with 75 and names process and host; a killed owner leaves none behind', async () => {
    const root = await project();
    const first = cyclebox(root, 'start');
    await first.heard('watching');
    const second = await cyclebox(root, 'start').ended;
    expect(second.code).toBe(75);
    expect(second.err).toMatch(new RegExp(`^STATE_LOCKED: .* process ${first.child.pid} on ${hostname()}, since `));
    first.child.kill('SIGKILL');
    await first.ended;
    expect(await readFile(join(root, '.cyclebox/owner.json'), 'utf8')).toContain(`${first.child.pid}`);
    expect((await cyclebox(root, 'start', '--once').ended).code).toBe(0);
  });
});
