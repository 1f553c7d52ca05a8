import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/base/index.js';
import { checkFolders } from '../../../src/daemon/config/folders.js';
import { routeFolder } from '../../../src/daemon/config/routes.js';
import { configJsonSchema, loadConfig, parseConfig, resolveConfig } from '../../../src/daemon/index.js';
import { temporaryFolder } from '../../support/pictures.js';

const route = { match: 'satellite-to-map/**', pair: 'satellite-map', to: 'map' };
const parse = (text: string) => parseConfig(text, 'watch-config.json');
const withRoute = (more: object, inRoute: object = {}) =>
  JSON.stringify({ routes: [{ ...route, ...inRoute }], ...more }, null, 2);

describe('the configuration', () => {
  it('may have comments and trailing commas', () => {
    const text = `// what goes where
      { "routes": [ { "match": "satellite-to-map/**", "pair": "satellite-map", /* where to */ "to": "map", }, ], }`;
    expect(parse(text)).toEqual({ routes: [route] });
  });

  it('takes the example of the documentation', () => {
    const text = `{ "$schema": "…", "inbox": "inbox", "outbox": "outbox", "state": ".cyclebox", "plugins": ["plugins"],
      "settleMs": 1000, "routes": [{ "match": "satellite-to-map/**", "pair": "satellite-map", "to": "map" }] }`;
    expect(parse(text).routes).toEqual([route]);
  });

  it('takes paths relative to its file, and completes what is not said', () => {
    const config = resolveConfig({ routes: [route], plugins: ['plugins'], outbox: '/elsewhere/out' }, '/project');
    expect(config).toMatchObject({
      inbox: '/project/inbox',
      outbox: '/elsewhere/out',
      state: '/project/.cyclebox',
      plugins: ['/project/plugins'],
      settleMs: 1000,
    });
  });

  it('says of an unknown key where it is and which was probably meant', () => {
    expect(() => parse(withRoute({ setleMs: 5 }))).toThrow(
      /watch-config\.json:\d+:3: "setleMs" is not a known key\. Did you mean "settleMs"\?/,
    );
    expect(() => parse(withRoute({}, { matches: 'x' }))).toThrow(
      /"matches" is not a known key\. Did you mean "match"\?/,
    );
    expect(() => parse(withRoute({ zzz: 1 }))).toThrow(/Known are \$schema, inbox, outbox/);
  });

  it('names every fault, with line and key', () => {
    const text = withRoute({ settleMs: -1, inbox: 7 }, { match: '../x/**' });
    expect(() => parse(text)).toThrow(/settleMs: .*\n.*|inbox/);
    expect(() => parse(text)).toThrow(/routes\[0\]\.match: must be a pattern relative to the inbox/);
    expect(() => parse('{ "routes": [] }')).toThrow(/1:3: routes: must name at least one route/);
  });

  it('takes one engine or several, and says of a wrong name which was probably meant', () => {
    const engineOf = (engine: unknown) => resolveConfig(parse(withRoute({ engine })), '/').engine;
    expect(engineOf(undefined)).toEqual(['auto']);
    expect(engineOf('cuda:1')).toEqual(['cuda:1']);
    expect(engineOf(['webgpu', 'cpu', 'cpu'])).toEqual(['webgpu', 'cpu', 'cpu']);
    expect(() => engineOf('webgup')).toThrow(/engine: There is no engine "webgup".*Did you mean "webgpu"\?/);
    expect(() => engineOf(['cpu', 'cpu:1'])).toThrow(/engine\[1\]: The engine cpu has no numbered devices/);
    expect(() => engineOf('reference')).toThrow(/engine: There is no engine "reference"/);
    expect(() => engineOf('CPU')).toThrow(/engine: must be written in small letters/);
    expect(() => engineOf([])).toThrow(/engine: must name at least one engine/);
    expect(() => engineOf(7)).toThrow(/engine: must be the name of an engine/);
  });

  it.each([
    ['NUL in a path', { inbox: 'in\0box' }, /inbox: must not hold a NUL/],
    ['NUL in the path of plugins', { plugins: ['\0'] }, /plugins\[0\]: must not hold a NUL/],
    ['NUL in a pattern', { ignore: ['a\0'] }, /ignore\[0\]: must be a pattern relative/],
    [
      'a pattern of 70 000 characters',
      { ignore: ['x'.repeat(70_000)] },
      /ignore\[0\]: must be a pattern of at most 1000 char/,
    ],
    ['a route with such a pattern', { routes: [{ ...route, match: '['.repeat(70_000) }] }, /match: .* at most 1000/],
  ])('has no %s', (_, more, words) => {
    expect(() => parse(withRoute(more))).toThrow(words);
  });

  it.each(['{'.repeat(900), '(a|'.repeat(300), '!('.repeat(400), '*'.repeat(1000), '[z-a]/**'])(
    'takes the pattern %j or refuses it, and is never confused by it',
    match => {
      const text = withRoute({}, { match });
      expect(() => {
        try {
          parse(text);
        } catch (error) {
          if ((error as { code?: string }).code !== 'CONFIG_INVALID') throw error;
        }
      }).not.toThrow();
    },
  );

  it('may be nested as deep as nobody writes, but not without end', () => {
    const nested = (levels: number) => `{ "x": ${'['.repeat(levels)}1${']'.repeat(levels)} }`;
    expect(() => parse(nested(99))).toThrow(/"x" is not a known key/);
    expect(() => parse(nested(200_000))).toThrow(/watch-config\.json:1:\d+: nested deeper than 100 levels/);
    expect(() => parse(withRoute({ ignore: ['[{'.repeat(200)] }))).not.toThrow();
  });

  it('says where it stops being JSON', () => {
    expect(() => parse('{\n  "routes": [,]\n')).toThrow(/watch-config\.json:2:\d+: not JSON/);
    expect(() => parse('')).toThrow(/not JSON/);
  });

  it('that is not there has a code of its own', async () => {
    await expect(loadConfig('/nowhere/watch-config.json')).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });

  it('at the top level is valid, and covers every pair that comes with cyclebox both ways', async () => {
    const config = await loadConfig(join(packageRoot, 'watch-config.json'));
    const noPlugins = { output: {}, name: undefined, router: undefined, preprocessors: [], postprocessors: [] };
    expect(config.routes[0]).toEqual({ ...route, ...noPlugins, scale: undefined, priority: 0, reprocess: false });
    expect(config.routes.map(({ pair, to }) => `${pair}/${to}`).sort()).toEqual([
      'horse-zebra/horse',
      'horse-zebra/zebra',
      'photo-monet/monet',
      'photo-monet/photo',
      'satellite-map/map',
      'satellite-map/satellite',
      'winter-summer/summer',
      'winter-summer/winter',
    ]);
  });

  it('has a schema for editors that is in step: else run "npm run schema"', async () => {
    const file = await readFile(join(packageRoot, 'watch-config.schema.json'), 'utf8');
    expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });
});

describe('the folders of a configuration', () => {
  const checked = async (more: object) => {
    const root = await temporaryFolder();
    await writeFile(join(root, 'file'), '');
    return checkFolders(resolveConfig({ routes: [route], ...more }, root));
  };

  it.each([
    ['the inbox is a file', { inbox: 'file' }, /inbox: .*file is a file; name a folder/],
    [
      'the outbox would lie in a file',
      { outbox: 'file/deep/out' },
      /outbox: .*cannot be a folder, since .*file is a file/,
    ],
    ['the state folder is a file', { state: 'file' }, /state: .* is a file/],
    ['the archive is a file', { afterSuccess: 'archive', archive: 'file' }, /archive: .* is a file/],
    ['the archive lies in the state folder', { afterSuccess: 'archive', archive: '.cyclebox/done' }, /must lie apart/],
    ['the state folder lies in the archive', { afterSuccess: 'archive', state: 'archive/state' }, /must lie apart/],
  ])('are refused where %s', async (_, more, words) => {
    await expect(checked(more)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(words),
    });
  });

  it('may be missing, with folders above them', async () => {
    await expect(checked({ inbox: 'a/b/c', afterSuccess: 'archive', archive: 'd/e' })).resolves.toBeUndefined();
  });
});

describe('the folder of a route', () => {
  it('is what its pattern says before the first wildcard', () => {
    expect(routeFolder('satellite-to-map/**')).toBe('satellite-to-map');
    expect(routeFolder('a/b/*.jpg')).toBe('a/b');
    expect(routeFolder('**/*.jpg')).toBe('');
    expect(routeFolder('a/{b,c}/*.jpg')).toBe('a');
    expect(routeFolder('a/one.jpg')).toBe('a');
  });
});
