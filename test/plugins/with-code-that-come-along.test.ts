import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { DisposableStore, packageRoot } from '../../src/base/index.js';
import { type Daemon, type DaemonEvent, loadConfig, startDaemon } from '../../src/daemon/index.js';
import { readPicture, writePicture } from '../../src/picture/index.js';
import type { CaptureFacts, PluginManifest, RouteDecision, SettingValue } from '../../src/plugin-api/index.js';
import { loadPluginSet } from '../../src/plugin-host/index.js';
import { dayNight, drop, project } from '../support/project.js';
import { grey, type OpenedPlugin, openPlugin } from './coded-plugins.js';

let opened = new DisposableStore();
afterEach(async () => {
  await opened.dispose();
  opened = new DisposableStore();
});

/** In a process of its own, as it lies in the repository, with its settings and their defaults. */
async function open(name: string, settings: Record<string, SettingValue> = {}): Promise<OpenedPlugin> {
  const folder = join(packageRoot, 'plugins', name);
  const files = await Promise.all(
    (await readdir(folder)).map(async file => [file, await readFile(join(folder, file), 'utf8')] as const),
  );
  const { contributes } = JSON.parse(Object.fromEntries(files)['package.json']!) as PluginManifest;
  const declared = Object.entries(contributes.configuration?.properties ?? {});
  const defaults = Object.fromEntries(declared.map(([key, { default: value }]) => [key, value as SettingValue]));
  const one = await openPlugin({
    name,
    code: Object.fromEntries(files),
    contributes: {
      router: (contributes.routers ?? []).map(({ id }) => id),
      postprocessor: (contributes.postprocessors ?? []).map(({ id }) => id),
    },
    settings: { ...defaults, ...settings },
  });
  opened.add(one.plugin);
  return one;
}

describe('the router by capture', () => {
  /** `pair/domain`, or null where no rule fits. */
  async function chosen({ plugin }: OpenedPlugin, capture: CaptureFacts): Promise<string | null> {
    const facts = { job: 'j', path: 'a.jpg', width: 9, height: 9, format: 'jpeg', capture, thumbnail: 'none' };
    const how = { event: 'onTranslate:by-capture', doing: 'failed as router "by-capture"' };
    const decision = (await plugin.call('route', { id: 'by-capture', ...facts }, how)) as RouteDecision | null;
    return decision && `${decision.pair}/${decision.to}`;
  }

  const taken = (month: number) => `2024-${String(month).padStart(2, '0')}-17T12:00:00`;

  it('makes summer of winter and winter of summer, on both halves of the earth, and leaves the rest', async () => {
    const router = await open('capture-router');
    const south = { latitude: -33.9, longitude: 18.4 };
    expect(await chosen(router, { takenAt: taken(1) })).toBe('winter-summer/summer');
    expect(await chosen(router, { takenAt: taken(12), latitude: 48, longitude: 11 })).toBe('winter-summer/summer');
    expect(await chosen(router, { takenAt: taken(7) })).toBe('winter-summer/winter');
    expect(await chosen(router, { takenAt: taken(1), ...south })).toBe('winter-summer/winter');
    expect(await chosen(router, { takenAt: taken(6), ...south })).toBe('winter-summer/summer');
    for (const capture of [{}, { takenAt: taken(4) }, { ...south, make: 'Pixel' }])
      expect(await chosen(router, capture)).toBeNull();
  });

  it('goes by the first rule that fits: months, places, cameras', async () => {
    const rules = [
      'month 11-2, 4: a/months',
      'place 45.8 5.9 47.9 10.5: a/alps',
      'place -20 170 0 -170: a/fiji',
      'camera google*pixel: a/phone',
    ];
    const router = await open('capture-router', { rules });
    for (const month of [11, 12, 1, 2, 4]) expect(await chosen(router, { takenAt: taken(month) })).toBe('a/months');
    for (const month of [3, 5, 10]) expect(await chosen(router, { takenAt: taken(month) })).toBeNull();
    expect(await chosen(router, { latitude: 46.5, longitude: 8, make: 'Google', model: 'Pixel 8' })).toBe('a/alps');
    expect(await chosen(router, { latitude: -18, longitude: 179.9 })).toBe('a/fiji');
    expect(await chosen(router, { latitude: -18, longitude: -179.9 })).toBe('a/fiji');
    expect(await chosen(router, { latitude: -18, longitude: 0, make: 'GOOGLE', model: 'Pixel 8' })).toBe('a/phone');
    expect(await chosen(router, { make: 'Pixel', model: 'of Google' })).toBeNull();
  });

  it('has the seasons of the half that is asked for, and takes any photo where a rule does', async () => {
    const rules = ['season winter: a/winter', 'any: a/any'];
    const router = await open('capture-router', { rules, hemisphere: 'south' });
    expect(await chosen(router, { takenAt: taken(7) })).toBe('a/winter');
    expect(await chosen(router, { takenAt: taken(1) })).toBe('a/any');
    expect(await chosen(router, {})).toBe('a/any');
  });

  it.each(['month 13: a/b', 'season sommer: a/b', 'place 1 2 3: a/b', 'camera : a/b', 'any', 'constructor : a/b'])(
    'says which rules there are where one is wrong: %s',
    async rule => {
      const router = await open('capture-router', { rules: [rule] });
      const failure = expect.stringContaining(`the rule "${rule}" cannot be understood. Write "season winter"`);
      await expect(chosen(router, {})).rejects.toMatchObject({ message: failure });
    },
  );
});

describe('what is brought back of the image', () => {
  type Rgb = readonly [number, number, number];
  const flat = ([r, g, b]: Rgb, side = 4) => ({
    ...grey(side, side),
    rgb: Uint8Array.from({ length: side * side * 3 }, (_, i) => [r, g, b][i % 3]!),
  });
  const luminance = ([r, g, b]: readonly number[]) => 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;

  /** Colours of the corner of what is made of a translation of one colour and an image of another. */
  async function made(id: string, settings: Record<string, SettingValue>, translation: Rgb, image: Rgb, imageSide = 4) {
    const { plugin } = await open('keep-and-blend', settings);
    const { scratch } = plugin.places;
    await plugin.activate(`onTranslate:${id}`);
    const [picture, input, result] = ['picture', 'input', 'result'].map(name => join(scratch, `${name}.pixels`)) as [
      string,
      string,
      string,
    ];
    await writePicture(picture, { ...flat(translation), alpha: new Uint8Array(16).fill(9) });
    await writePicture(input, flat(image, imageSide));
    const about = { job: 'j', path: 'a.png', pair: 'photo-monet', to: 'monet' };
    const how = { event: `onTranslate:${id}`, doing: `failed as postprocessor "${id}"` };
    await plugin.call('postprocess', { id, about, picture, input, result }, how);
    const changed = await readPicture(result);
    expect([changed.width, changed.height, changed.alpha?.[5]]).toEqual([4, 4, 9]);
    return [...changed.rgb.subarray(0, 3)];
  }

  it('is its luminance: colours stay those of the translation, and lose saturation where they must', async () => {
    const kept = await made('keep-luminance', {}, [120, 80, 60], [150, 150, 150]);
    expect(luminance(kept)).toBeCloseTo(150, 0);
    expect(kept[0]! - kept[1]!).toBe(40);
    const bright = await made('keep-luminance', {}, [255, 0, 0], [240, 240, 240]);
    expect(luminance(bright)).toBeCloseTo(240, 0);
    expect(bright[0]).toBe(255);
    expect(bright[1]).toBe(bright[2]);
    expect(await made('keep-luminance', { luminance: 0 }, [120, 80, 60], [0, 0, 0])).toEqual([120, 80, 60]);
  });

  it('is a share of all of it', async () => {
    expect(await made('blend-with-image', {}, [100, 200, 0], [0, 100, 255])).toEqual([70, 170, 77]);
    expect(await made('blend-with-image', { strength: 1 }, [100, 200, 0], [9, 9, 9])).toEqual([100, 200, 0]);
    expect(await made('blend-with-image', { strength: 0 }, [100, 200, 0], [9, 9, 9])).toEqual([9, 9, 9]);
  });

  it('is brought to the size of the translation where that is another', async () => {
    expect(await made('blend-with-image', { strength: 0 }, [1, 1, 1], [40, 50, 60], 2)).toEqual([40, 50, 60]);
    expect(await made('blend-with-image', { strength: 0 }, [1, 1, 1], [40, 50, 60], 7)).toEqual([40, 50, 60]);
  });
});

describe('the plugins with code that come along', () => {
  it('are in force without being asked for, and are not started', async () => {
    const { records, problems } = await loadPluginSet({});
    expect(problems).toEqual([]);
    const states = new Map(records.map(({ name, state }) => [name, state.kind]));
    expect([states.get('capture-router'), states.get('keep-and-blend')]).toEqual(['idle', 'idle']);
  });
});

describe('a daemon with the plugins that come along', () => {
  let daemon: Daemon | undefined;
  afterEach(async () => {
    await daemon?.stop(0);
    daemon = undefined;
  });

  it('routes a photo by its month, and gives its translation the luminance that it had', async () => {
    const routes = [{ match: '**', router: 'by-capture', postprocessors: ['keep-luminance'] }];
    const settings = { 'capture-router': { rules: ['month 12: day-night/night'] } };
    const root = await project({ ...dayNight, routes, settings });
    const grey100 = { create: { width: 8, height: 6, channels: 3, background: '#646464' } } as const;
    const photo = (month: string) => {
      const takenAt = { IFD2: { DateTimeOriginal: `2024:${month}:24 18:30:00` } };
      return sharp(grey100).withExif(takenAt).png().toBuffer();
    };
    await drop(root, 'december.png', await photo('12'));
    await drop(root, 'may.png', await photo('05'));
    const ended = new Map<string, DaemonEvent>();
    const isOver = new Promise<void>(resolve => {
      const onEvent = (event: DaemonEvent) => {
        if (event.type === 'done' || event.type === 'failed') ended.set(event.path, event);
        if (ended.size === 2) resolve();
      };
      const configFile = join(root, 'watch-config.json');
      void loadConfig(configFile)
        .then(config => startDaemon(config, { configFile, onEvent }))
        .then(started => {
          daemon = started;
        });
    });
    await isOver;
    expect(ended.get('december.png')).toMatchObject({ type: 'done', translation: 'router/by-capture' });
    expect(ended.get('may.png')).toMatchObject({ type: 'failed' });
    // The model negates: 155 where the image was 100.
    const [value] = await sharp(join(root, 'outbox/december.png')).raw().toBuffer();
    expect(value).toBe(100);
  });
});
