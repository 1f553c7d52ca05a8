/** What results of routes are like, are called, and where they come: a daemon with its real worker. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DisposableStore } from '../../src/base/index.js';
import { type DaemonEvent, inspectFiles, loadConfig, startDaemon, type WatchConfig } from '../../src/daemon/index.js';
import { colourProfile, withIcc } from '../support/colour-profiles.js';
import { testSharp } from '../support/pictures.js';
import { dayNight, drop, outputs, project, writeConfig } from '../support/project.js';

vi.setConfig({ testTimeout: 240_000 });

let opened: DisposableStore;
beforeEach(() => {
  opened = new DisposableStore();
});
afterEach(() => opened.dispose());

type RouteOptions = Partial<WatchConfig['routes'][number]>;

const withRoute = (route: RouteOptions, more: Partial<WatchConfig> = {}): WatchConfig => ({
  ...dayNight,
  ...more,
  routes: [{ match: 'day-to-night/**', pair: 'day-night', to: 'night', ...route }],
});

/** Works through what is there and stops, as `--once` does. */
async function workThrough(root: string) {
  const events: DaemonEvent[] = [];
  const config = await loadConfig(join(root, 'watch-config.json'));
  const daemon = opened.add(await startDaemon(config, { watch: false, onEvent: event => void events.push(event) }));
  await daemon.whenIdle();
  const { failures } = daemon;
  await daemon.stop();
  const done = events.flatMap(event => (event.type === 'done' ? [event] : []));
  return { done, failures, again: events.flatMap(event => (event.type === 'already-published' ? [event] : [])) };
}

async function planned(root: string) {
  const lines = [];
  for await (const each of inspectFiles(await loadConfig(join(root, 'watch-config.json')))) lines.push(each);
  return lines;
}

describe('a route', () => {
  test('makes results of its format, depth and space', async () => {
    const root = await project(withRoute({ format: 'tiff', compression: 'lzw', colour: 'source' }));
    const image = withIcc(await testSharp().toColourspace('rgb16').png().toBuffer(), await colourProfile('adobe'));
    await drop(root, 'day-to-night/a.png', image);
    const { done } = await workThrough(root);
    expect(done).toMatchObject([{ output: 'day-to-night/a.tif', report: { notes: [] } }]);
    const metadata = await sharp(join(root, 'outbox/day-to-night/a.tif')).metadata();
    expect(metadata).toMatchObject({ format: 'tiff', depth: 'ushort' });
    expect(metadata.icc).toEqual(await colourProfile('adobe'));
  });

  test('calls results and places them as its template says, and nothing is left in other folders', async () => {
    const root = await project(withRoute({ name: '{to}/{parent}/{stem}-{width}x{height}{ext}', format: 'webp' }));
    await drop(root, 'day-to-night/x/a.png');
    await drop(root, 'day-to-night/x/b.png');
    const likely = (await planned(root)).map(each => each.likely);
    expect(likely).toEqual(['night/x/a-{width}x{height}.webp', 'night/x/b-{width}x{height}.webp']);
    const { done } = await workThrough(root);
    expect(done.map(({ output }) => output).sort()).toEqual(['night/x/a-48x32.webp', 'night/x/b-48x32.webp']);
    expect(await outputs(root)).toEqual(['night/x/a-48x32.webp', 'night/x/b-48x32.webp']);
    await expect(readFile(join(root, 'outbox/day-to-night/x'))).rejects.toMatchObject({ code: 'ENOENT' });
    // What is done stays done, and is found by what is known of it, not by its name.
    expect(await workThrough(root)).toMatchObject({ done: [], again: [], failures: [] });
  });

  test('gives numbers to results whose names meet, and publishes each once, also when the journal is lost', async () => {
    const root = await project(
      withRoute({ name: 'all/{stem}', state: undefined } as RouteOptions, { state: 'state-1' }),
    );
    await drop(root, 'day-to-night/x/a.png');
    await drop(root, 'day-to-night/y/a.png', await testSharp(20, 20).png().toBuffer());
    expect((await workThrough(root)).done).toHaveLength(2);
    expect(await outputs(root)).toEqual(['all/a (2).png', 'all/a.png']);
    await writeConfig(root, withRoute({ name: 'all/{stem}' }, { state: 'state-2' }));
    const { done, again } = await workThrough(root);
    expect([done.length, again.length]).toEqual([0, 2]);
    expect(await outputs(root)).toEqual(['all/a (2).png', 'all/a.png']);
  });

  test('replaces what the same image became before where that is asked for, in the folder of its template', async () => {
    const root = await project(withRoute({ name: 'all/{stem}' }, { onCollision: 'update', sidecars: 'copy' }));
    await drop(root, 'day-to-night/a.png');
    await writeFile(join(root, 'inbox/day-to-night/a.xmp'), 'said of a');
    await workThrough(root);
    await drop(root, 'day-to-night/a.png', await testSharp(20, 20).png().toBuffer());
    expect((await workThrough(root)).done).toMatchObject([{ output: 'all/a.png' }]);
    expect(await outputs(root)).toEqual(['all/a.png', 'all/a.xmp']);
    expect(await sharp(join(root, 'outbox/all/a.png')).metadata()).toMatchObject({ width: 20 });
  });

  test('that says something else of its results makes what is done another version, which is done again where that is asked for', async () => {
    const root = await project(withRoute({ reprocess: true }));
    await drop(root, 'day-to-night/a.png');
    await workThrough(root);
    await writeConfig(root, withRoute({ reprocess: true, format: 'webp' }));
    expect((await workThrough(root)).done).toMatchObject([{ output: 'day-to-night/a.webp' }]);
    await writeConfig(root, withRoute({ reprocess: true, format: 'webp', name: '{stem}-{to}' }));
    expect((await workThrough(root)).done).toEqual([]);
  });
});

describe('a configuration', () => {
  const faultOf = async (route: RouteOptions): Promise<string> => {
    const root = await project(withRoute(route));
    return await loadConfig(join(root, 'watch-config.json')).then(
      () => 'none',
      (error: Error) => error.toString(),
    );
  };

  test.each<[string, RouteOptions, RegExp]>([
    ['an unknown word', { name: '{stam}' }, /CONFIG_INVALID.*routes.*name.*Did you mean "stem"\?/s],
    ['a way out of the outbox', { name: '../../{stem}' }, /lead elsewhere/],
    ['the ledger’s folder', { name: '.cyclebox/{stem}' }, /not hidden/],
    ['one name for all', { name: 'result{ext}' }, /must have \{stem\} or \{hash\}/],
    ['a format that is none', { format: 'gif' as 'png' }, /must be "jpeg", "png", "webp", "avif", "tiff" or "source"/],
    [
      'a quality that PNG has not',
      { format: 'png', quality: 90 },
      /quality.*is for jpeg, webp, avif; the format is png/s,
    ],
    [
      'a compression of another format',
      { format: 'tiff', compression: 9 },
      /must be one of none, lzw, deflate for tiff/,
    ],
    ['16 bits where there are none', { format: 'webp', depth: 16 }, /of 16 bits is for png and tiff/],
    ['a colour that is none', { colour: 'p3' as 'srgb' }, /must be "srgb" or "source"/],
    ['a misspelt key', { qualty: 3 } as RouteOptions, /Did you mean "quality"\?/],
  ])('with %s is refused', async (_, route, why) => {
    expect(await faultOf(route)).toMatch(why);
  });

  test('takes what fits', async () => {
    expect(await faultOf({ format: 'avif', quality: 60, chroma: '4:2:0' })).toBe('none');
    expect(await faultOf({ quality: 60, compression: 9, depth: 16, name: '{date}/{stem}_{taken}{ext}' })).toBe('none');
  });
});
