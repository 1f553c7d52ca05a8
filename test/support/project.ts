/** A project folder as users have one, with a pair whose model is tiny, and real `cyclebox` processes in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import type { WatchConfig } from '../../src/daemon/index.js';
import { temporaryFolder, testSharp } from './pictures.js';
import { writeTinyOnnx } from './tiny-onnx.js';

export const dayNight: WatchConfig = {
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

/** A project whose pair has a model to the night, which negates, and none to the day yet (`models/to-day.onnx`). */
export async function project(config: WatchConfig = dayNight): Promise<string> {
  const root = await temporaryFolder();
  const plugin = join(root, 'plugins/day-night');
  await mkdir(plugin, { recursive: true });
  await mkdir(join(root, 'models'));
  await writeTinyOnnx(join(plugin, 'to-night.onnx'), { kind: 'negate' });
  const models = { night: { path: 'to-night.onnx' }, day: { path: 'to-day.onnx' } };
  const manifest = {
    name: 'day-night',
    version: '1.0.0',
    engines: { cyclebox: '^1.0.0' },
    contributes: { domainPairs: [{ id: 'day-night', domains: ['day', 'night'], models }] },
  };
  await writeFile(join(plugin, 'package.json'), JSON.stringify(manifest));
  await writeConfig(root, config);
  return root;
}

export const writeConfig = (root: string, config: object) =>
  writeFile(join(root, 'watch-config.json'), JSON.stringify(config, null, 2));

export async function drop(root: string, path: string, content?: Uint8Array | string): Promise<void> {
  const file = join(root, 'inbox', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content ?? (await testSharp().png().toBuffer()));
}

/** Files of the outbox, without those of cyclebox itself. */
export async function outputs(root: string): Promise<string[]> {
  const entries = await readdir(join(root, 'outbox'), { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 8))
    .filter(path => !path.startsWith('.cyclebox'))
    .sort();
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when `words` are in what it has written; rejects when it ends without. */
  heard(words: string): Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

/** Runs the built command; it is killed when the test ends. */
export function cyclebox(cwd: string, ...args: string[]): Running {
  const child = spawn(process.execPath, [join(packageRoot, 'dist/cli/main.js'), ...args], { cwd });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  const ended = (once(child, 'close') as Promise<[number | null]>).then(([code]) => ({ code, out, err }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    child,
    ended,
    heard: words =>
      new Promise<void>((resolve, reject) => {
        const listen = () => out.includes(words) && resolve();
        child.stdout.on('data', listen);
        void ended.then(({ code }) => reject(new Error(`ended with ${code} without "${words}": ${out}${err}`)));
        listen();
      }),
  };
}
