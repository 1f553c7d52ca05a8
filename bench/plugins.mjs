/**
 * `npm run bench:plugins`: what plugins cost. Start, call, picture and memory of one with code, beside a bare fork on the same
 * machine; and what 100 declarative plugins add to the start of the host. It reports; it never fails.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPicture, writePicture } from '../dist/picture/index.js';
import { CodedPlugin, loadPluginSet, PluginRegistry } from '../dist/plugin-host/index.js';

const root = await mkdtemp(join(tmpdir(), 'cyclebox-bench-'));
const rounds = 7;
const photo = { width: 256, height: 256, rgb: new Uint8Array(256 * 256 * 3).fill(7), format: 'png' };
try {
  console.log(`Node ${process.version}; medians of ${rounds}`);
  console.table(await codedRows());
  console.table([await hostRow()]);
} finally {
  await rm(root, { recursive: true, force: true });
}

async function codedRows() {
  const spec = await writeCoded();
  const rows = { start: [], fork: [], call: [], picture: [], memory: [], forkMemory: [] };
  for (let round = 0; round < rounds; round++) {
    const bare = await bareFork();
    rows.fork.push(bare.ms);
    rows.forkMemory.push(bare.megabytes);
    const measured = await onePlugin(spec);
    for (const key of ['start', 'call', 'picture', 'memory']) rows[key].push(measured[key]);
  }
  return [
    { figure: 'start, ms', plugin: median(rows.start), 'bare fork': median(rows.fork), goal: 150 },
    { figure: 'small call, ms', plugin: median(rows.call), goal: 0.2 },
    { figure: '256 × 256 picture there and back, ms', plugin: median(rows.picture), goal: 3 },
    { figure: 'memory, MB', plugin: median(rows.memory), 'bare fork': median(rows.forkMemory), goal: 60 },
  ];
}

async function onePlugin(spec) {
  const plugin = new CodedPlugin({ spec, stateFolder: join(root, 'state'), translate: async () => {} });
  const options = { event: 'onCommand:none', doing: 'failed' };
  const start = performance.now();
  await plugin.activate('onCommand:none');
  const startMs = performance.now() - start;
  const small = () => plugin.call('command', { id: 'none', words: [] }, options);
  const call = await medianOf(300, small);
  const picture = await medianOf(30, () => exchange(plugin, options));
  const memory = await residentMegabytes(plugin.state.pid);
  await plugin.dispose();
  return { start: startMs, call, picture, memory };
}

/** What a postprocessor costs besides what it does: written, read, returned, written and read again. */
async function exchange(plugin, options) {
  const { scratch } = plugin.places;
  const [source, result] = [join(scratch, 'source.pixels'), join(scratch, 'result.pixels')];
  const about = { job: 'j', path: 'a.png', pair: 'a-b', to: 'b' };
  await writePicture(source, photo);
  await plugin.call('postprocess', { id: 'same', about, picture: source, input: source, result }, options);
  await readPicture(result);
}

async function bareFork() {
  const entry = join(root, 'bare.mjs');
  await writeFile(entry, `process.send('up'); process.on('message', () => {});`);
  const start = performance.now();
  const child = fork(entry, { silent: true });
  await once(child, 'message');
  const ms = performance.now() - start;
  const megabytes = await residentMegabytes(child.pid);
  child.kill();
  await once(child, 'exit');
  return { ms, megabytes };
}

/** Host start with and without 100 declarative plugins, in turns. */
async function hostRow() {
  const [none, many] = [join(root, 'none'), join(root, 'many')];
  await mkdir(none);
  for (let i = 0; i < 100; i++) await writeDeclarative(join(many, `pair-${i}`), i);
  const times = { none: [], many: [] };
  for (let round = 0; round < rounds; round++) {
    times.none.push(await hostStart(none));
    times.many.push(await hostStart(many));
  }
  const more = median(times.many) - median(times.none);
  const before = process.memoryUsage().heapUsed;
  const kept = await loadPluginSet({ folders: [many] });
  const megabytes = (process.memoryUsage().heapUsed - before) / 1e6;
  return {
    'plugins in force': kept.records.length,
    'without, ms': median(times.none),
    'with 100 more, ms': median(times.many),
    'difference, ms': Math.round(more),
    goal: 200,
    'heap, MB at most': Number(megabytes.toFixed(1)),
  };
}

async function hostStart(folder) {
  const start = performance.now();
  const registry = new PluginRegistry();
  registry.apply(await loadPluginSet({ folders: [folder] }));
  registry.dispose();
  return performance.now() - start;
}

async function writeDeclarative(folder, i) {
  await mkdir(folder, { recursive: true });
  const models = { b: { path: 'to-b.onnx', sha256: '0'.repeat(64) } };
  const contributes = { domainPairs: [{ id: `pair-${i}`, domains: ['a', 'b'], models }] };
  const manifest = { name: `pair-${i}`, version: '1.0.0', engines: { cyclebox: '^1.0.0' }, contributes };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
}

async function writeCoded() {
  const folder = join(root, 'coded');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const code = `export function activate(context) {
    context.registerCommand('none', () => 1);
    context.registerPostprocessor('same', picture => picture);
  }`;
  await writeFile(join(folder, 'index.js'), code);
  const contributes = {
    preprocessor: [],
    postprocessor: ['same'],
    router: [],
    recipe: [],
    metric: [],
    command: ['none'],
  };
  const shared = { permissions: {}, settings: {}, activationEvents: [], fingerprint: '' };
  return { name: 'bench', version: '1.0.0', folder, main: join(folder, 'index.js'), contributes, ...shared };
}

async function medianOf(times, work) {
  const all = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await work();
    all.push(performance.now() - start);
  }
  return median(all);
}

/** Undefined where there is no /proc. */
async function residentMegabytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return found === undefined ? undefined : (Number(found) * 1024) / 1e6;
}

function median(values) {
  return Number(values.toSorted((a, b) => a - b)[values.length >> 1]?.toFixed(2));
}
