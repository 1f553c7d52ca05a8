/**
 * What commands and processes load before they do anything, by a hook of Node's own: files, not times. Who reads a list is not kept waiting
 * by what runs networks and decodes images.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { project } from '../support/project.js';

/** Rooms and packages that take long to load, or do not run everywhere. */
const heavy = {
  engines: /^dist\/engine\/(onnx|tfjs|reference)\/|^node_modules\/(onnxruntime-node|@tensorflow)\//,
  images: /^dist\/image\/|^node_modules\/(sharp|@img)\//,
  protobuf: /^dist\/onnx\/generated\/|^node_modules\/@bufbuild\//,
  networks: /^dist\/(graph|nets|translate|tiling|training)\//,
  server: /^dist\/server\/|^node_modules\/(fastify|prom-client|pino)\//,
  dispatch: /^node_modules\/(bullmq|ioredis|@aws-sdk|@smithy)\//,
  watching: /^node_modules\/chokidar\//,
};
type Heavy = keyof typeof heavy;

/** Paths relative to the package, with `/`, of what a file of `dist/` loads when Node runs it. */
async function loadedBy(cwd: string, entry: string, ...args: string[]): Promise<readonly string[]> {
  const list = join(await temporaryFolder(), 'loaded');
  const hook = join(packageRoot, 'test/support/loaded-modules.mjs');
  const command = ['--import', hook, join(packageRoot, 'dist', entry), ...args];
  await new Promise(resolve => {
    execFile(process.execPath, command, { cwd, env: { ...process.env, LOADED_MODULES: list } }, resolve);
  });
  const paths = (await readFile(list, 'utf8')).split('\n').filter(path => path.startsWith(packageRoot));
  return [...new Set(paths.map(path => relative(packageRoot, path).split(sep).join('/')))];
}

/** Which of the heavy ones are among them, with the first file of each. */
function heavyAmong(loaded: readonly string[], but: readonly Heavy[] = []): readonly string[] {
  const unwanted = (Object.keys(heavy) as Heavy[]).filter(name => !but.includes(name));
  return unwanted.flatMap(name => loaded.find(path => heavy[name].test(path)) ?? []);
}

describe('of what is heavy', () => {
  it.each([
    [['--version']],
    [['pairs']],
    [['status']],
    [['queue', 'list']],
    [['plugins', 'list']],
    [['plugins', 'info', 'day-night']],
    [['config', 'validate']],
    [['dataset', 'list']],
    [['completion', 'bash']],
  ])('cyclebox %j loads nothing', async args => {
    const loaded = await loadedBy(await project(), 'cli/main.js', ...args);
    expect(loaded).toContain('dist/cli/main.js');
    expect(heavyAmong(loaded)).toEqual([]);
  });

  it('cyclebox train loads no engine, no decoder and nothing of the queue: a process of its own trains', async () => {
    const loaded = await loadedBy(await project(), 'cli/main.js', 'train', '--pair', 'day-night');
    expect(loaded.some(path => path.endsWith('/train-pair.js'))).toBe(true);
    expect(heavyAmong(loaded, ['networks'])).toEqual([]);
  });

  it('cyclebox translate loads nothing itself where its images are not there', async () => {
    const args = ['translate', 'absent.png', '--pair', 'day-night', '--to', 'night', '--plugins', 'plugins'];
    const loaded = await loadedBy(await project(), 'cli/main.js', ...args);
    expect(loaded.some(path => path.endsWith('/translate-files.js'))).toBe(true);
    expect(heavyAmong(loaded)).toEqual([]);
  });

  it('cyclebox models info loads some, which shows that it would be seen', async () => {
    const root = await project();
    const loaded = await loadedBy(root, 'cli/main.js', 'models', 'info', 'plugins/day-night/to-night.onnx');
    expect(heavyAmong(loaded)).toEqual(
      expect.arrayContaining([expect.stringMatching(heavy.images), expect.stringMatching(heavy.protobuf)]),
    );
  });
});

it.each([
  ['worker/main.js', 'of a compute worker'],
  ['cli/translate/translator-main.js', 'of cyclebox translate'],
])(
  '%s, the process %s, is given a file: it reads no manifests, no weights of others and loads no engine ahead',
  async entry => {
    const loaded = await loadedBy(packageRoot, entry);
    expect(heavyAmong(loaded)).toContain(loaded.find(path => heavy.images.test(path)));
    const unwanted =
      /^dist\/(plugin-host\/(registry|process)|nets|training|daemon|inbox)\/|^node_modules\/onnxruntime-node\//;
    expect(loaded.filter(path => unwanted.test(path))).toEqual([]);
  },
);

it('no face of a room is loaded on the way to a name in it', async () => {
  const loaded = await loadedBy(await project(), 'cli/main.js', 'status');
  expect(loaded).toContain('dist/daemon/open-service.js');
  expect(loaded.filter(path => /^dist\/.*\/index\.js$/.test(path))).toEqual([]);
});
