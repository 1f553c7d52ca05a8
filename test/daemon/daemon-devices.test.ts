import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore, toDisposable } from '../../src/base/index.js';
import { openDaemonLog } from '../../src/cli/daemon/daemon-log.js';
import {
  type ChooseDevices,
  type Daemon,
  type DaemonEvent,
  type DaemonOptions,
  resolveConfig,
  startDaemon,
  type WatchConfig,
} from '../../src/daemon/index.js';
import { maxDifference, testRgb, testSharp } from '../support/pictures.js';
import { dayNight, drop, outputs, project, writeConfig } from '../support/project.js';

const workerEntry = fileURLToPath(new URL('../fixtures/worker/pretended-device.mjs', import.meta.url));

let opened: DisposableStore;
beforeEach(() => {
  opened = new DisposableStore();
});
afterEach(() => opened.dispose());

/** For this process and, from then on, the workers that it starts. */
function setEnvironment(name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  opened.add(
    toDisposable(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    }),
  );
}

/** What the log says is kept; so is what `cyclebox status` would be told. */
async function start(root: string, config: WatchConfig, options: DaemonOptions = {}) {
  const resolved = resolveConfig(config, root);
  const lines: Record<string, unknown>[] = [];
  const write = (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>);
  const log = openDaemonLog(resolved, { target: { isTerminal: false, write } });
  const events: DaemonEvent[] = [];
  const onEvent = (event: DaemonEvent) => {
    events.push(event);
    log.event(event);
  };
  const onOpen: DaemonOptions['onOpen'] = daemon => log.opened(daemon, true);
  const daemon = opened.add(await startDaemon(resolved, { watch: false, ...options, onEvent, onOpen }));
  const messages = () => lines.map(({ msg }) => String(msg));
  return { daemon, events, messages };
}

async function expectNegatives(root: string, width: number, height: number, count: number): Promise<void> {
  const made = await outputs(root);
  expect(made).toHaveLength(count);
  const wanted = testRgb(width, height).map(value => 255 - value);
  for (const name of made) {
    const pixels = await sharp(join(root, 'outbox', name))
      .removeAlpha()
      .raw()
      .toBuffer();
    expect(maxDifference(pixels, wanted)).toBeLessThanOrEqual(1);
  }
}

const webgpuOnly: ChooseDevices = async choice => {
  const kind = choice === 'cpu' ? 'cpu' : 'gpu';
  return { devices: [{ id: choice, kind, name: `a ${choice}` }], skipped: [] };
};

describe('several devices', () => {
  it('"engine": ["cpu", "cpu"] has two workers, and both translate', async () => {
    const root = await project();
    for (let i = 0; i < 8; i++) await drop(root, `day-to-night/${i}.png`);
    const { daemon, messages } = await start(root, { ...dayNight, engine: ['cpu', 'cpu'] });
    const pids = new Set<number | undefined>();
    daemon.onEvent(({ type }) => {
      if (type === 'done') for (const { pid } of daemon.workers) pids.add(pid);
    });
    await daemon.whenIdle();
    pids.delete(undefined);
    expect(pids.size).toBe(2);
    await expectNegatives(root, 48, 32, 8);
    expect(messages().find(text => text.startsWith('translating on'))).toMatch(/cpu \(.*\), cpu \(.*\)/);
    const { daemon: facts } = await daemon.service.status();
    expect(facts?.workers).toMatchObject([{ device: 'cpu' }, { device: 'cpu' }]);
  });

  it('a worker that is killed costs nothing but another try, and the other goes on', async () => {
    const root = await project();
    for (let i = 0; i < 10; i++) await drop(root, `day-to-night/${i}.png`);
    const { daemon, events } = await start(root, { ...dayNight, engine: ['cpu', 'cpu'] });
    const pid = await killBusyWorker(daemon);
    await daemon.whenIdle();
    await expectNegatives(root, 48, 32, 10);
    expect(daemon.workers.map(worker => worker.pid)).not.toContain(pid);
    expect(daemon.failures).toEqual([]);
    expect(events.filter(({ type }) => type === 'done')).toHaveLength(10);
  });

  it('a configuration that names none that works is not started with, and none taken over', async () => {
    const root = await project();
    const chooseDevices: ChooseDevices = async choice => {
      if (choice === 'cpu') return webgpuOnly('cpu');
      throw new CycleboxError('ENGINE_UNAVAILABLE', `no ${choice} here.`);
    };
    const attempt = start(root, { ...dayNight, engine: 'cuda' }, { chooseDevices });
    await expect(attempt).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: 'no cuda here.' });
    const configFile = join(root, 'watch-config.json');
    await writeConfig(root, { ...dayNight, engine: 'cpu' });
    const { daemon, messages } = await start(root, { ...dayNight, engine: 'cpu' }, { chooseDevices, configFile });
    await writeConfig(root, { ...dayNight, engine: ['cuda:0', 'webgpu'], maxMegapixels: 7 });
    expect(await daemon.reload()).toMatchObject({ kind: 'refused', error: { code: 'ENGINE_UNAVAILABLE' } });
    expect(daemon.config).toMatchObject({ engine: ['cpu'], maxMegapixels: 128 });
    await writeConfig(root, { ...dayNight, engine: ['webgpu', 'cpu', 'cpu'] });
    expect(await daemon.reload()).toMatchObject({ kind: 'applied', keys: ['engine'] });
    expect(daemon.workers.map(({ device }) => device)).toEqual(['cpu', 'cpu']);
    expect(daemon.skipped).toEqual([{ choice: 'webgpu', reason: 'no webgpu here.' }]);
    expect(messages()).toContain('webgpu is not used: no webgpu here.');
    await drop(root, 'day-to-night/a.png');
    await daemon.scan();
    await daemon.whenIdle();
    await expectNegatives(root, 48, 32, 1);
  });
});

describe('a device whose memory runs out', () => {
  it('translates in tiles, says each step, and starts the next image there', async () => {
    const root = await project();
    setEnvironment('PRETENDED_PIXELS', '100000');
    const image = await testSharp(500, 400).png().toBuffer();
    for (const name of ['1', '2', '3']) await drop(root, `day-to-night/${name}.png`, image);
    const { daemon, events, messages } = await start(
      root,
      // Parts that share statistics are graphs, which this device does not compile.
      { ...dayNight, routes: dayNight.routes.map(route => ({ ...route, tiling: 'independent' })), engine: 'webgpu' },
      { workerEntry, chooseDevices: webgpuOnly },
    );
    await daemon.whenIdle();
    await expectNegatives(root, 500, 400, 3);
    const steps = events.filter(({ type }) => type === 'memoryStep');
    expect(steps).toMatchObject([{ step: { kind: 'caches' } }, { step: { kind: 'tiles' } }]);
    const done = events.filter(event => event.type === 'done');
    expect(done.map(({ report }) => report.device)).toEqual(['webgpu', 'webgpu', 'webgpu']);
    for (const { report } of done) expect(report.tiles).toBeGreaterThan(1);
    const last = expect.stringContaining(
      'ran out of memory on webgpu: from now on its tiles have at most 316 × 316 pixels',
    );
    expect(messages()).toContainEqual(last);
    const { daemon: facts } = await daemon.service.status();
    expect(facts?.workers).toMatchObject([{ device: 'webgpu', memory: [last] }]);
  });

  it('leaves the model to the CPU, in the same worker, when nothing fits', async () => {
    const root = await project();
    setEnvironment('PRETENDED_PIXELS', '10');
    await drop(root, 'day-to-night/1.png');
    const options = { workerEntry, chooseDevices: webgpuOnly };
    const { daemon, events } = await start(root, { ...dayNight, engine: 'webgpu' }, options);
    await daemon.whenIdle();
    await expectNegatives(root, 48, 32, 1);
    expect(events.find(event => event.type === 'done')).toMatchObject({ report: { device: 'cpu' } });
    expect(daemon.skipped).toEqual([]);
  });
});

describe('a device that is lost', () => {
  it('is passed over with the reason, and the image is translated on the CPU', async () => {
    const root = await project();
    setEnvironment('PRETENDED_LOST', '1');
    await drop(root, 'day-to-night/1.png');
    await drop(root, 'day-to-night/2.png');
    let isBroken = false;
    const chooseDevices: ChooseDevices = async choice => {
      if (isBroken && choice === 'webgpu') throw new CycleboxError('ENGINE_UNAVAILABLE', 'no adapter any more.');
      isBroken = true;
      return webgpuOnly(choice);
    };
    const { daemon, events, messages } = await start(
      root,
      { ...dayNight, engine: 'webgpu' },
      { workerEntry, chooseDevices },
    );
    await daemon.whenIdle();
    await expectNegatives(root, 48, 32, 2);
    expect(events.filter(({ type }) => type === 'deviceFailed')).toHaveLength(3);
    expect(events.filter(({ type }) => type === 'retrying' || type === 'failed')).toEqual([]);
    const reason = 'the pretended device is gone. Its self-test failed, too: no adapter any more.';
    expect(daemon.skipped).toEqual([{ choice: 'webgpu', reason, fault: true }]);
    expect(messages()).toContain(`webgpu is not used: ${reason}`);
    expect(messages()).toContain('translating on cpu (a cpu)');
    expect(daemon.workers).toMatchObject([{ device: 'cpu' }]);
  });
});

/** Looks at every turn of the event loop: no event need find a worker busy. */
async function killBusyWorker(daemon: Daemon): Promise<number> {
  for (;;) {
    const busy = daemon.workers.find(({ pid, source }) => pid !== undefined && source !== undefined);
    if (busy?.pid !== undefined) {
      process.kill(busy.pid, 'SIGKILL');
      return busy.pid;
    }
    await new Promise(resolve => setImmediate(resolve));
  }
}
