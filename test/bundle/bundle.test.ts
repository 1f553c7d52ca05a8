/**
 * The portable bundle as its users get it: the archive, unpacked into an empty folder and run with nothing in its
 * environment, so that neither this machine's Node nor this project's packages can help. It is packed here with less
 * effort than `npm run bundle` takes; `CYCLEBOX_BUNDLE=<archive>` tests one that was made before.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot, packageVersion } from '../../src/base/index.js';
import { decodeImage } from '../../src/image/index.js';
import { sharedFolder } from '../support/pictures.js';

const canBuild = process.platform === 'linux' && process.arch === 'x64';
const name = `cyclebox-${packageVersion()}-linux-x64`;
const samples = join(packageRoot, 'samples');
let folder: string;
let archive: string;
let cyclebox: string;

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise(resolve => {
    execFile(command, args, { cwd: folder, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}

/** No PATH, no HOME: nothing to find anything by. */
const bare = (...args: readonly string[]): Promise<Outcome> => run(cyclebox, args, {});

async function must(outcome: Promise<Outcome>): Promise<string> {
  const { code, out, err } = await outcome;
  if (code !== 0) throw new Error(`exit code ${code}\n${out}\n${err}`);
  return out;
}

describe.skipIf(!canBuild)('the portable bundle', () => {
  const shared = sharedFolder();
  beforeAll(async () => {
    folder = shared.path;
    archive = process.env['CYCLEBOX_BUNDLE'] ?? join(folder, 'built', `${name}.tar.xz`);
    if (process.env['CYCLEBOX_BUNDLE'] === undefined) {
      const build = join(packageRoot, 'tools', 'bundle', 'build.mjs');
      await must(run(process.execPath, [build, '--out', join(folder, 'built'), '--level', '1'], process.env));
      await rm(join(folder, 'built', name), { recursive: true });
    }
    await must(run('tar', ['-xJf', archive], process.env));
    cyclebox = join(folder, name, 'cyclebox');
  }, 600_000);

  test('is smaller than 100 MB', async () => {
    expect((await stat(archive)).size).toBeLessThan(100e6);
  });

  test('carries the text of every licence that it names', async () => {
    const list = await readFile(join(folder, name, 'LICENSES', 'packages.txt'), 'utf8');
    const texts = [...list.matchAll(/(?:app|LICENSES)\/[^\s,;]+/g)].map(([path]) => path).slice(1);
    expect(texts.length).toBeGreaterThan(40);
    for (const path of texts) expect(existsSync(join(folder, name, path)), path).toBe(true);
    expect(await readFile(join(folder, name, 'LICENSES', 'node.txt'), 'utf8')).toContain('Node.js');
  });

  test('says its version, also through a link', async () => {
    expect(await must(bare('--version'))).toBe(`${packageVersion()}\n`);
    await must(run('ln', ['-s', `${name}/cyclebox`, 'link'], process.env));
    expect(await must(run(join(folder, 'link'), ['--version'], {}))).toBe(`${packageVersion()}\n`);
  });

  test('translates a sample', async () => {
    const sample = join(samples, 'satellite-to-map', 'sri-lanka.jpg');
    const out = await must(bare('translate', sample, '--pair', 'satellite-map', '--to', 'map', '--out', 'translated'));
    expect(out).toContain('translated/sri-lanka.jpg (256 × 256');
    const [before, after] = await Promise.all([
      decodeImage(sample),
      decodeImage(join(folder, 'translated', 'sri-lanka.jpg')),
    ]);
    expect([after.width, after.height]).toEqual([before.width, before.height]);
    expect(Buffer.compare(after.rgb, before.rgb)).not.toBe(0);
  });

  test('trains two steps and exports the pair', async () => {
    const data = ['--a', join(samples, 'satellite-to-map'), '--b', join(samples, 'map-to-satellite')];
    const net = ['--size', '32', '--width', '4', '--blocks', '1', '--steps', '2'];
    await must(bare('train', '--pair', 'satellite-map', ...data, ...net, '--out', 'run'));
    const models = await readdir(join(folder, 'run', 'plugins', 'satellite-map'));
    expect(models.filter(path => path.endsWith('.onnx'))).toHaveLength(2);
  });

  test('doctor finds that the main job can run, on the CPU at least', async () => {
    const report = JSON.parse(await must(bare('doctor', '--json'))) as { engines: readonly { engine: string }[] };
    expect(report.engines).toContainEqual(expect.objectContaining({ engine: 'cpu', usable: true }));
  });

  test('bench measures the pair that it carries', async () => {
    const args = ['--json', '--engine', 'cpu', '--size', '64', '--seconds', '0.2'];
    const report = JSON.parse(await must(bare('bench', ...args))) as { translation: readonly object[] };
    expect(report.translation).toEqual([
      expect.objectContaining({ engine: 'cpu', size: 64, precision: 'float32', imagesPerSecond: expect.any(Number) }),
    ]);
  });

  test('watches an inbox and stops when told to', async () => {
    await must(bare('init', 'project'));
    const project = join(folder, 'project');
    await mkdir(join(project, 'outbox'), { recursive: true });
    const daemon = spawn(cyclebox, ['start'], { cwd: project, env: {}, stdio: 'ignore' });
    const ended = once(daemon, 'exit');
    const outbox = watch(join(project, 'outbox'), { recursive: true });
    const published = new Promise<void>(resolve => {
      outbox.on('change', (_, path) => String(path).endsWith('sri-lanka.jpg') && resolve());
    });
    await mkdir(join(project, 'inbox', 'satellite-to-map'), { recursive: true });
    await cp(join(samples, 'satellite-to-map', 'sri-lanka.jpg'), join(project, 'inbox/satellite-to-map/sri-lanka.jpg'));
    await Promise.race([published, ended]);
    outbox.close();
    daemon.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
    expect(await readdir(join(project, 'outbox'), { recursive: true })).toContain('satellite-to-map/sri-lanka.jpg');
  });
});
