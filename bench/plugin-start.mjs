/**
 * What declarative plugins cost a host at its start: folders are read, manifests judged, pairs registered, each time in a process of
 * its own, which is what a daemon pays. Models are looked at when a route names them, and are not part of it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const counts = [0, 1, 100];

/** @param {{ rounds: number }} limits @returns rows with medians; processes with few and many plugins take turns */
export function pluginStartRows({ rounds }) {
  const root = mkdtempSync(join(tmpdir(), 'cyclebox-bench-plugins-'));
  try {
    const folders = counts.map(count => folderWith(join(root, String(count)), count));
    const figures = counts.map(() => []);
    for (let round = 0; round < rounds; round++)
      for (const [i, folder] of folders.entries()) figures[i].push(started(folder));
    return rowsOf(figures);
  } finally {
    rmSync(root, { recursive: true });
  }
}

function rowsOf(figures) {
  const medians = figures.map(each => ({ ms: median(each, 'ms'), megabytes: median(each, 'bytes') / 1e6 }));
  return counts.map((plugins, i) => ({
    plugins,
    ms: medians[i].ms,
    overNoneMs: medians[i].ms - medians[0].ms,
    heapMegabytes: medians[i].megabytes,
    overNoneMegabytes: medians[i].megabytes - medians[0].megabytes,
  }));
}

function median(rows, key) {
  return rows.map(row => row[key]).toSorted((a, b) => a - b)[rows.length >> 1];
}

function folderWith(folder, count) {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    const id = `cat-dog-${i}`;
    const models = { dog: { path: 'to-dog.onnx', sha256: 'a'.repeat(64), size: 1 }, cat: { path: 'to-cat.onnx' } };
    const contributes = { domainPairs: [{ id, title: 'Cat ⇄ dog', domains: ['cat', 'dog'], models }] };
    const manifest = { name: id, version: '1.0.0', engines: { cyclebox: '^1.0.0' }, contributes };
    mkdirSync(join(folder, id));
    writeFileSync(join(folder, id, 'package.json'), JSON.stringify(manifest));
  }
  return folder;
}

function started(folder) {
  return JSON.parse(execFileSync(process.execPath, ['--expose-gc', self, folder], { encoding: 'utf8' }));
}

/** In the process that is measured: what is imported is there with or without plugins. */
async function start(folder) {
  const { availablePairs } = await import('../dist/catalog/index.js');
  const { loadPluginSet, PluginRegistry } = await import('../dist/plugin-host/index.js');
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  const startMs = performance.now();
  const registry = new PluginRegistry();
  registry.apply(await loadPluginSet({ folders: [folder] }));
  const { pairs } = availablePairs(registry.set);
  const ms = performance.now() - startMs;
  globalThis.gc();
  const bytes = process.memoryUsage().heapUsed - before;
  console.log(JSON.stringify({ ms, bytes, pairs: pairs.length }));
}

if (process.argv[1] === self) await start(process.argv[2]);
