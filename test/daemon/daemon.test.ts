import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DisposableStore, packageRoot } from '../../src/base/index.js';
import {
  type Daemon,
  type DaemonEvent,
  type DaemonOptions,
  resolveConfig,
  startDaemon,
  type WatchConfig,
} from '../../src/daemon/index.js';
import { maxDifference, temporaryFolder, testSharp } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

let opened: DisposableStore;
beforeEach(() => {
  opened = new DisposableStore();
});
afterEach(() => opened.dispose());

const config: WatchConfig = {
  plugins: ['plugins'],
  models: 'models',
  settleMs: 30,
  decodeGraceMs: 100,
  threads: 1,
  routes: [
    { match: 'day-to-night/**', pair: 'day-night', to: 'night' },
    { match: 'night-to-day/**', pair: 'day-night', to: 'day' },
  ],
};

/** A project folder with one pair, whose model to the night negates and whose model to the day is not there. */
async function project(): Promise<string> {
  const root = await temporaryFolder();
  const plugin = join(root, 'plugins/day-night');
  await mkdir(plugin, { recursive: true });
  await mkdir(join(root, 'models'));
  await writeTinyOnnx(join(plugin, 'to-night.onnx'), { kind: 'negate' });
  const manifest = {
    name: 'day-night',
    version: '1.0.0',
    engines: { cyclebox: '^1.0.0' },
    contributes: {
      domainPairs: [
        {
          id: 'day-night',
          domains: ['day', 'night'],
          models: { night: { path: 'to-night.onnx' }, day: { path: 'to-day.onnx' } },
        },
      ],
    },
  };
  await writeFile(join(plugin, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(root, 'watch-config.json'), JSON.stringify(config));
  return root;
}

async function drop(root: string, path: string, content?: Uint8Array | string): Promise<void> {
  const file = join(root, 'inbox', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content ?? (await testSharp().png().toBuffer()));
}

async function start(root: string, options: DaemonOptions = {}) {
  const events: DaemonEvent[] = [];
  const of = <T extends DaemonEvent['type']>(type: T) =>
    events.filter((event): event is Extract<DaemonEvent, { type: T }> => event.type === type);
  const onEvent = (event: DaemonEvent) => {
    events.push(event);
    options.onEvent?.(event);
  };
  const daemon = opened.add(await startDaemon(resolveConfig(config, root), { ...options, onEvent }));
  return { daemon, events, of };
}

/** Works through what is there and stops, as `--once` does. */
async function workThrough(root: string, options: DaemonOptions = {}) {
  const run = await start(root, { watch: false, ...options });
  await run.daemon.whenIdle();
  const { failures } = run.daemon;
  await run.daemon.stop();
  return { ...run, failures };
}

async function outputs(root: string): Promise<string[]> {
  const entries = await readdir(join(root, 'outbox'), { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 8))
    .filter(path => !path.startsWith('.cyclebox'))
    .sort();
}

const nextEvent = (daemon: Daemon, type: DaemonEvent['type']) =>
  new Promise<DaemonEvent>(resolve => {
    daemon.onEvent(event => void (event.type === type && resolve(event)));
  });

describe('the daemon', () => {
  it('translates what is dropped while it runs, mirroring folders, in the format of the input', async () => {
    const root = await project();
    const { daemon } = await start(root);
    const done = nextEvent(daemon, 'done');
    await drop(root, 'day-to-night/x/tile.webp', await testSharp(40, 24).webp({ lossless: true }).toBuffer());
    expect(await done).toMatchObject({
      path: 'day-to-night/x/tile.webp',
      output: 'day-to-night/x/tile.webp',
      translation: 'day-night/night',
      report: { width: 40, height: 24, tiles: 1 },
    });
    const image = sharp(join(root, 'outbox/day-to-night/x/tile.webp'));
    expect(await image.metadata()).toMatchObject({ format: 'webp', width: 40, height: 24 });
    const [before] = await testSharp(40, 24).raw().toBuffer();
    const [after] = await image.removeAlpha().raw().toBuffer();
    expect(Math.abs((before ?? 0) + (after ?? 0) - 255)).toBeLessThan(12);
  });

  it('makes the folders of its routes at start', async () => {
    const root = await project();
    await workThrough(root);
    expect((await readdir(join(root, 'inbox'))).sort()).toEqual(['day-to-night', 'night-to-day']);
  });

  it('goes on past a bad image among good ones, and names it', async () => {
    const root = await project();
    await drop(root, 'day-to-night/1.png');
    await drop(root, 'day-to-night/2.png', 'this is text');
    await drop(root, 'day-to-night/3.png', (await testSharp().png().toBuffer()).subarray(0, 400));
    await drop(root, 'day-to-night/4.png');
    const { failures } = await workThrough(root);
    expect(await outputs(root)).toEqual(['day-to-night/1.png', 'day-to-night/4.png']);
    const codes = Object.fromEntries(failures.map(({ path, error }) => [path, error.code]));
    expect(codes).toEqual({ 'day-to-night/2.png': 'IMAGE_UNSUPPORTED', 'day-to-night/3.png': 'IMAGE_CORRUPT' });
  });

  it('names a file without a route, and one without a model, once each and with the folders that work', async () => {
    const root = await project();
    await drop(root, 'lost.png');
    await drop(root, 'night-to-day/a.png');
    const { daemon, of } = await start(root, { watch: false });
    await daemon.whenIdle();
    await daemon.scan();
    await daemon.scan();
    const failed = of('failed').sort((a, b) => a.path.localeCompare(b.path));
    expect(failed.map(({ path, error }) => [path, error.code])).toEqual([
      ['lost.png', 'ROUTE_NOT_FOUND'],
      ['night-to-day/a.png', 'MODEL_MISSING'],
    ]);
    for (const { error } of failed) expect(error.message).toContain('day-to-night/ (day → night)');
    expect(daemon.failures).toHaveLength(2);
    expect(await outputs(root)).toEqual([]);
  });

  it('takes up a file that had no model when there is one at the next start', async () => {
    const root = await project();
    await drop(root, 'night-to-day/a.png');
    expect((await workThrough(root)).failures).toHaveLength(1);
    await writeTinyOnnx(join(root, 'models/to-day.onnx'), { kind: 'identity' });
    expect((await workThrough(root)).failures).toEqual([]);
    expect(await outputs(root)).toEqual(['night-to-day/a.png']);
  });

  it('does nothing again after a restart, and a changed file under a second name', async () => {
    const root = await project();
    await drop(root, 'day-to-night/a.png');
    await workThrough(root);
    const again = await workThrough(root);
    expect(again.events.filter(event => event.type !== 'idle')).toEqual([]);
    await utimes(join(root, 'inbox/day-to-night/a.png'), new Date(1e12), new Date(1e12));
    await workThrough(root);
    expect(await outputs(root)).toEqual(['day-to-night/a (2).png', 'day-to-night/a.png']);
  });

  it('tries a job again whose worker was killed under it', async () => {
    const root = await project();
    await drop(root, 'day-to-night/warm-up.png');
    const { daemon, of } = await start(root, {
      onEvent: event => {
        if (event.type === 'started' && event.path.endsWith('b.png') && event.attempt === 1) {
          process.kill(daemon.workers[0]!.pid!, 'SIGKILL');
        }
      },
    });
    await daemon.whenIdle();
    const idle = nextEvent(daemon, 'idle');
    await drop(root, 'day-to-night/b.png');
    await idle;
    expect(of('retrying')).toMatchObject([{ path: 'day-to-night/b.png', error: { code: 'PROCESS_CRASHED' } }]);
    expect(await outputs(root)).toEqual(['day-to-night/b.png', 'day-to-night/warm-up.png']);
    expect(daemon.failures).toEqual([]);
  });

  it('names the output by what it is when the input’s name lies', async () => {
    const root = await project();
    await drop(root, 'day-to-night/really.jpg', await testSharp().png().toBuffer());
    await workThrough(root);
    expect(await outputs(root)).toEqual(['day-to-night/really.png']);
  });

  it('refuses an outbox inside the inbox, also through a link', async () => {
    const root = await project();
    const inside = resolveConfig({ ...config, outbox: 'inbox/out' }, root);
    await expect(startDaemon(inside)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await mkdir(join(root, 'inbox/elsewhere'), { recursive: true });
    await symlink(join(root, 'inbox/elsewhere'), join(root, 'linked'));
    const linked = resolveConfig({ ...config, outbox: 'linked' }, root);
    await expect(startDaemon(linked)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('cyclebox start', () => {
  async function cyclebox(root: string, ...args: string[]) {
    const child = spawn(process.execPath, [join(packageRoot, 'dist/cli/main.js'), 'start', ...args], { cwd: root });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const ended = once(child, 'close') as Promise<[number | null]>;
    const heard = (words: string) =>
      new Promise<void>((resolve, reject) => {
        const listen = () => text.includes(words) && resolve();
        child.stdout.on('data', listen);
        void ended.then(() => reject(new Error(`ended without "${words}": ${text}`)));
        listen();
      });
    return { child, heard, ended: ended.then(([code]) => ({ code, text })) };
  }

  it('--once exits 0 when all went well, and with nothing to do', async () => {
    const root = await project();
    await drop(root, 'day-to-night/a.png');
    const first = await (await cyclebox(root, '--once')).ended;
    expect(first).toMatchObject({ code: 0, text: expect.stringContaining('1 done, 0 failed') });
    const second = await (await cyclebox(root, '--once')).ended;
    expect(second).toMatchObject({ code: 0, text: expect.stringContaining('0 done, 0 failed') });
    const records = first.text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>);
    expect(records.find(record => record['translation'])).toMatchObject({
      path: 'day-to-night/a.png',
      translation: 'day-night/night',
      width: 48,
    });
  });

  it('--once exits 1 while a file in the inbox stands as failed, also from an earlier run', async () => {
    const root = await project();
    await drop(root, 'day-to-night/bad.png', 'bad');
    await drop(root, 'day-to-night/good.png');
    expect((await (await cyclebox(root, '--once')).ended).code).toBe(1);
    const again = await (await cyclebox(root, '--once')).ended;
    expect(again.code).toBe(1);
    expect(again.text).toContain('failed earlier');
    expect(await outputs(root)).toEqual(['day-to-night/good.png']);
    await drop(root, 'day-to-night/bad.png');
    expect((await (await cyclebox(root, '--once')).ended).code).toBe(0);
  });

  it('exits 78 for a configuration that is not there or is wrong, and 75 when the state folder is in use', async () => {
    const root = await project();
    expect((await (await cyclebox(root, '--config', 'absent.json')).ended).code).toBe(78);
    await writeFile(join(root, 'wrong.json'), '{ "rotes": [] }');
    const wrong = await (await cyclebox(root, '--config', 'wrong.json')).ended;
    expect(wrong).toMatchObject({ code: 78, text: expect.stringContaining('Did you mean "routes"') });
    await start(root);
    expect((await (await cyclebox(root, '--once')).ended).code).toBe(75);
  });

  it('shows the images of each route at its scale, tells so, and calls another scale another version', async () => {
    const root = await project();
    const routes = [
      { match: 'small/**', pair: 'day-night', to: 'night', scale: 16 },
      { match: 'day-to-night/**', pair: 'day-night', to: 'night' },
    ];
    await writeFile(join(root, 'watch-config.json'), JSON.stringify({ ...config, routes }));
    await drop(root, 'small/a.png');
    await drop(root, 'day-to-night/a.png');
    const { code, text } = await (await cyclebox(root, '--once')).ended;
    expect(code).toBe(0);
    expect(text).toMatch(/"path":"small\/a\.png".*"scale":16,"shownAs":\{"width":24,"height":16\}/);
    expect(text).toMatch(/"path":"day-to-night\/a\.png".*"scale":"native"/);
    const [small, native] = await Promise.all(
      ['small', 'day-to-night'].map(folder =>
        sharp(join(root, 'outbox', folder, 'a.png'))
          .raw()
          .toBuffer(),
      ),
    );
    expect(maxDifference(small!, native!)).toBeLessThanOrEqual(1);
  });

  it('finishes and exits 0 on SIGTERM', async () => {
    const root = await project();
    await drop(root, 'day-to-night/a.png');
    const { child, heard, ended } = await cyclebox(root);
    await heard('"output"');
    expect(await readFile(join(root, '.cyclebox/owner.json'), 'utf8')).toContain(`"pid":${child.pid}`);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(await outputs(root)).toEqual(['day-to-night/a.png']);
    expect(existsSync(join(root, '.cyclebox/owner.json'))).toBe(false);
  });

  it('loses nothing and does nothing twice when it is killed in the middle', async () => {
    const root = await project();
    const names = Array.from({ length: 12 }, (_, i) => `day-to-night/${i}.png`);
    for (const name of names) await drop(root, name);
    const { child, heard, ended } = await cyclebox(root);
    await heard('"output"');
    child.kill('SIGKILL');
    await ended;
    const rest = await (await cyclebox(root, '--once')).ended;
    expect(rest).toMatchObject({ code: 0, text: expect.not.stringContaining('12 done') });
    expect(await outputs(root)).toEqual([...names].sort());
  });
});
