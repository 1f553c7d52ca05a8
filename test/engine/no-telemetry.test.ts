import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';

/** ONNX Runtime names its folder of identifiers and unsent reports so. */
const traces = (paths: readonly string[]) => paths.filter(path => /onnxruntime/i.test(path));

function translate(home: string): Promise<void> {
  const entry = join(packageRoot, 'dist', 'cli', 'main.js');
  const sample = join(packageRoot, 'samples', 'satellite-to-map', 'sri-lanka.jpg');
  const args = [entry, 'translate', sample, '--pair', 'satellite-map', '--to', 'map', '--engine', 'cpu'];
  const { ORT_DISABLE_TELEMETRY: _, CI: __, XDG_CACHE_HOME: ___, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: home, env: { ...inherited, HOME: home } }, error =>
      error ? reject(error) : resolve(),
    );
  });
}

test('a translation leaves no report of ONNX Runtime behind', async () => {
  const home = await temporaryFolder();
  await translate(home);
  expect(traces(await readdir(home, { recursive: true }))).toEqual([]);
});
