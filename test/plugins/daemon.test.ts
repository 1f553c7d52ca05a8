/** Plugins in a running daemon: what they do to pictures, and that no picture is lost by what they do wrong. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import type { DaemonOptions } from '../../src/daemon/index.js';
import { type Daemon, type DaemonEvent, loadConfig, startDaemon } from '../../src/daemon/index.js';
import { cyclebox, dayNight, drop, outputs, project, writeConfig } from '../support/project.js';

let daemon: Daemon | undefined;
afterEach(async () => {
  await daemon?.stop(0);
  daemon = undefined;
});

interface Source {
  readonly code: string;
  readonly contributes: object;
  readonly activationEvents?: readonly string[];
}

async function withPlugins(
  plugins: Readonly<Record<string, Source>>,
  route: object,
  config: object = {},
): Promise<string> {
  const day = { match: '**', pair: 'day-night', to: 'night' };
  const root = await project({
    ...dayNight,
    ...config,
    routes: [{ ...('router' in route ? { match: '**' } : day), ...route }],
  });
  for (const [name, source] of Object.entries(plugins)) await write(root, name, source);
  return root;
}

async function write(root: string, name: string, { code, ...rest }: Source): Promise<void> {
  const folder = join(root, 'plugins', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.mjs'), code);
  const manifest = { name, version: '1.0.0', engines: { cyclebox: '^1.0.0' }, main: 'index.mjs', ...rest };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
}

interface Heard {
  readonly events: DaemonEvent[];
  next(is: (event: DaemonEvent) => boolean): Promise<DaemonEvent>;
}

async function start(root: string, options: Partial<DaemonOptions> = {}): Promise<Heard> {
  const events: DaemonEvent[] = [];
  const waiting = new Set<() => void>();
  const onEvent = (event: DaemonEvent) => {
    events.push(event);
    for (const look of [...waiting]) look();
  };
  daemon = await startDaemon(await loadConfig(join(root, 'watch-config.json')), {
    configFile: join(root, 'watch-config.json'),
    onEvent,
    ...options,
  });
  return {
    events,
    next: is =>
      new Promise(resolve => {
        const look = () => {
          const found = events.find(is);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

const processor = (kind: 'pre' | 'post', id: string, body: string): Source => ({
  code: `export const activate = context => context.register${kind === 'pre' ? 'Pre' : 'Post'}processor('${id}', async (picture, request) => { ${body} });`,
  contributes: { [`${kind}processors`]: [{ id }] },
});

const failedOn = (path: string) => (event: DaemonEvent) => event.type === 'failed' && event.path === path;
const doneWith = (path: string) => (event: DaemonEvent) => event.type === 'done' && event.path === path;

const flat = (value: number, name = 'a.png') =>
  [
    name,
    sharp({ create: { width: 8, height: 6, channels: 3, background: { r: value, g: value, b: value } } }).png(),
  ] as const;

async function dropFlat(root: string, value: number, name = 'a.png'): Promise<void> {
  const [path, image] = flat(value, name);
  await drop(root, path, await image.toBuffer());
}

const pixelOf = async (root: string, path: string) =>
  (
    await sharp(join(root, 'outbox', path))
      .raw()
      .toBuffer()
  )[0];

describe('pictures in a daemon', () => {
  it('are changed by plugins before and after their translation, in the order of the route', async () => {
    const root = await withPlugins(
      {
        darker: processor('pre', 'darker', 'return { ...picture, rgb: picture.rgb.map(v => v - 10) };'),
        brighter: processor('post', 'brighter', 'return { ...picture, rgb: picture.rgb.map(v => v + 3) };'),
        mixed: processor(
          'post',
          'mixed',
          `const input = await request.input();
           if (request.path !== 'a.png' || request.pair !== 'day-night' || request.to !== 'night') throw new Error('who?');
           return { ...picture, rgb: picture.rgb.map((v, i) => v + input.rgb[i] / 100) };`,
        ),
      },
      { preprocessors: ['darker'], postprocessors: ['brighter', 'mixed'] },
    );
    await dropFlat(root, 100);
    const { next } = await start(root);
    await next(doneWith('a.png'));
    // The model negates: 255 - (100 - 10) = 165; then 3 more, then a hundredth of the 100 that came in.
    expect(await pixelOf(root, 'a.png')).toBe(169);
    expect(daemon?.plugins.records.map(({ name }) => name)).toContain('darker');
  });

  it('are tried once more when a plugin fails on them, then set aside with plugin, place and picture named', async () => {
    const root = await withPlugins(
      {
        picky: processor(
          'post',
          'picky',
          `if (request.path === 'bad.png') throw new Error('too grey'); return picture;`,
        ),
      },
      { postprocessors: ['picky'] },
    );
    await dropFlat(root, 100, 'bad.png');
    await dropFlat(root, 101, 'good.png');
    const { next, events } = await start(root);
    const failed = await next(failedOn('bad.png'));
    await next(doneWith('good.png'));
    expect(failed).toMatchObject({ quarantined: true, error: { code: 'PLUGIN_FAILED', subject: { plugin: 'picky' } } });
    const { message } = (failed as Extract<DaemonEvent, { type: 'failed' }>).error;
    expect(message).toMatch(/^bad\.png is quarantined.*picky 1\.0\.0.*"picky" on bad\.png: too grey.*at index\.mjs:1/);
    expect(events.filter(event => event.type === 'retrying')).toHaveLength(1);
    expect(await outputs(root)).toEqual(['good.png']);
    expect(await readFile(join(root, 'inbox', 'bad.png'))).not.toHaveLength(0);
  });

  it('that crash a plugin are told from those that do not', async () => {
    const root = await withPlugins(
      { frail: processor('post', 'frail', `if (request.path === 'bad.png') process.abort(); return picture;`) },
      { postprocessors: ['frail'] },
    );
    await dropFlat(root, 100, 'bad.png');
    await dropFlat(root, 101, 'good.png');
    const { next } = await start(root);
    const failed = await next(failedOn('bad.png'));
    await next(doneWith('good.png'));
    expect(failed).toMatchObject({
      quarantined: true,
      error: { code: 'PLUGIN_CRASHED', subject: { plugin: 'frail' } },
    });
    expect(await outputs(root)).toEqual(['good.png']);
  });

  it('whose plugin cannot be started fail by name, and go through once it is repaired, without a restart', async () => {
    const root = await withPlugins(
      {
        late: {
          ...processor('post', 'late', 'return picture;'),
          code: `export const activate = () => { throw new Error('no key'); };`,
        },
      },
      { postprocessors: ['late'] },
    );
    await dropFlat(root, 100);
    const { next } = await start(root);
    const failed = await next(failedOn('a.png'));
    expect(failed).toMatchObject({ quarantined: false, error: { code: 'PLUGIN_UNAVAILABLE' } });
    await write(root, 'late', processor('post', 'late', 'return picture;'));
    await next(doneWith('a.png'));
    expect(await outputs(root)).toEqual(['a.png']);
  });

  it('are refused with the reason when coded plugins are off', async () => {
    const root = await withPlugins({ p: processor('post', 'p', 'return picture;') }, { postprocessors: ['p'] });
    await dropFlat(root, 100);
    const { next } = await start(root, { safe: true });
    const failed = (await next(failedOn('a.png'))) as Extract<DaemonEvent, { type: 'failed' }>;
    expect(failed.error.message).toMatch(/postprocessor "p" is of p, which is disabledBySafeMode/);
  });

  it('ends it when a plugin fails that it must not be without', async () => {
    const root = await withPlugins(
      {
        vital: {
          ...processor('post', 'vital', ''),
          code: `export const activate = () => { throw new Error('gone'); };`,
        },
      },
      { postprocessors: ['vital'] },
      { onPluginFailure: { vital: 'abort' } },
    );
    await dropFlat(root, 100);
    const { next } = await start(root);
    expect(await next(event => event.type === 'pluginAbort')).toMatchObject({
      plugin: 'vital',
      text: 'failed(PLUGIN_FAILED)',
    });
  });
});

describe('a router', () => {
  const router = (body: string): Source => ({
    code: `export const activate = context => context.registerRouter('by-size', async request => { ${body} });`,
    contributes: { routers: [{ id: 'by-size' }] },
  });

  it('chooses the translation of each file by what it sees of it', async () => {
    const root = await withPlugins(
      {
        router: router(`const { rgb, width } = await request.thumbnail();
          if (request.width !== 8 || request.format !== 'png' || width !== 8) throw new Error('wrong facts');
          return { pair: rgb[0] > 50 ? 'day-night' : 'dusk-dawn', to: rgb[0] > 50 ? 'night' : 'dawn' };`),
      },
      { router: 'by-size' },
    );
    await dropFlat(root, 100, 'light.png');
    await dropFlat(root, 10, 'dark.png');
    const { next } = await start(root);
    expect(await next(doneWith('light.png'))).toMatchObject({ report: { translation: 'day-night/night' } });
    expect(await pixelOf(root, 'light.png')).toBe(155);
    expect(await next(failedOn('dark.png'))).toMatchObject({ error: { code: 'PAIR_NOT_FOUND' } });
  });

  it('that has no opinion leaves the file where it is, and says so', async () => {
    const root = await withPlugins({ router: router('return undefined;') }, { router: 'by-size' });
    await dropFlat(root, 100);
    const { next } = await start(root);
    expect(await next(failedOn('a.png'))).toMatchObject({
      error: {
        code: 'ROUTE_NOT_FOUND',
        message: expect.stringMatching(/router "by-size" of router has no translation for a\.png/),
      },
    });
  });
});

describe('a plugin that asks for a translation', () => {
  it('is given one, also in the middle of a job', async () => {
    const code = `export const activate = context => context.registerPostprocessor('twice', picture =>
      context.translate({ pair: 'day-night', to: 'night', picture }));`;
    const root = await withPlugins(
      { twice: { code, contributes: { postprocessors: [{ id: 'twice' }] } } },
      { postprocessors: ['twice'] },
    );
    await dropFlat(root, 100);
    const { next } = await start(root);
    await next(doneWith('a.png'));
    expect(await pixelOf(root, 'a.png')).toBe(100);
  });
});

describe('a daemon with plugins that run', () => {
  const adding: Source = {
    code: `export const activate = context => context.registerPostprocessor('add', picture =>
      ({ ...picture, rgb: picture.rgb.map(v => v + context.settings.strength) }));`,
    contributes: {
      postprocessors: [{ id: 'add' }],
      configuration: { properties: { strength: { type: 'integer', default: 1 } } },
    },
  };
  const stateOf = (name: string) => daemon?.service.pluginFacts().find(facts => facts.name === name);
  const active = (name: string) => (event: DaemonEvent) =>
    event.type === 'plugin' &&
    event.event.type === 'state' &&
    event.event.plugin === name &&
    event.event.state.kind === 'active';

  it('hands changed settings to the plugin that they are of, and starts that one alone anew', async () => {
    const route = { match: '**', pair: 'day-night', to: 'night', postprocessors: ['add', 'still'] };
    const root = await withPlugins({ add: adding, still: processor('post', 'still', 'return picture;') }, route);
    await dropFlat(root, 100, 'first.png');
    const { next, events } = await start(root);
    await next(doneWith('first.png'));
    const still = stateOf('still')?.text;
    await writeConfig(root, { ...dayNight, routes: [route], settings: { add: { strength: 5 } } });
    expect((await daemon!.reload()).kind).toBe('applied');
    await dropFlat(root, 100, 'second.png');
    await next(doneWith('second.png'));
    expect([await pixelOf(root, 'first.png'), await pixelOf(root, 'second.png')]).toEqual([156, 160]);
    expect(stateOf('still')?.text).toBe(still);
    expect(still).toMatch(/^active\(\d+\)$/);
    expect(events.filter(active('add'))).toHaveLength(2);
  });

  it('says of each what its process is and holds, and what its last crash was, on the command line, too', async () => {
    const root = await withPlugins(
      { frail: processor('post', 'frail', `if (request.path === 'bad.png') process.abort(); return picture;`) },
      { postprocessors: ['frail'] },
    );
    await dropFlat(root, 100, 'good.png');
    const { next, events } = await start(root);
    await next(doneWith('good.png'));
    const facts = stateOf('frail');
    expect(facts).toMatchObject({ text: expect.stringMatching(/^active\(\d+\)$/), costs: { starts: 1, crashes: 0 } });
    const shown = JSON.parse((await cyclebox(root, 'plugins', 'info', 'frail', '--json').ended).out);
    expect(shown).toMatchObject({ state: { text: facts?.text }, costs: { calls: { postprocess: { calls: 1 } } } });
    if (process.platform === 'linux') expect(shown.memoryBytes).toBeGreaterThan(20e6);
    await dropFlat(root, 100, 'bad.png');
    await next(failedOn('bad.png'));
    const backingOff = events.find(
      event => event.type === 'plugin' && event.event.type === 'state' && event.event.state.kind === 'restarting',
    );
    expect(backingOff).toMatchObject({ event: { text: expect.stringMatching(/^restarting\(1, 20/) } });
    expect(['restarting', 'activating', 'active']).toContain(stateOf('frail')?.state.kind);
  });

  it('starts one that runs from the start on again when it changes, and one that comes', async () => {
    const eager = (word: string): Source => ({
      code: `export const activate = context => { context.log.info('${word}'); };`,
      contributes: {},
      activationEvents: ['onStartupFinished'],
    });
    const root = await withPlugins({ eager: eager('one') }, {});
    const { next } = await start(root);
    const said = (plugin: string, message: string) => (event: DaemonEvent) =>
      event.type === 'plugin' &&
      event.event.type === 'said' &&
      event.event.plugin === plugin &&
      event.event.message === message;
    await next(said('eager', 'one'));
    await write(root, 'eager', eager('two, longer'));
    await next(said('eager', 'two, longer'));
    await write(root, 'newcomer', eager('hello'));
    await next(said('newcomer', 'hello'));
  });
});

describe('two versions of one plugin', () => {
  it('follow each other without a picture lost or done by half of each', async () => {
    const adding = (value: number) =>
      processor('post', 'add', `return { ...picture, rgb: picture.rgb.map(v => v + ${value}) };`);
    const root = await withPlugins({ add: adding(1) }, { postprocessors: ['add'] });
    await dropFlat(root, 100, 'first.png');
    const { next } = await start(root);
    await next(doneWith('first.png'));
    await write(root, 'add', adding(2));
    await next(event => event.type === 'pluginsChanged' && event.changed.includes('add'));
    await dropFlat(root, 100, 'second.png');
    await next(doneWith('second.png'));
    expect([await pixelOf(root, 'first.png'), await pixelOf(root, 'second.png')]).toEqual([156, 157]);
  });
});
