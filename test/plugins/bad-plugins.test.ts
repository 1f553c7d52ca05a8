/** A daemon among plugins that do what they must not, all at once: each is named for what it did, and no image is lost. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Daemon, type DaemonEvent, loadConfig, startDaemon } from '../../src/daemon/index.js';
import { pluginLimits } from '../../src/plugin-host/index.js';
import { writePlugin } from '../plugin-host/plugin-folders.js';
import { externalTensor, foreignModel, node } from '../support/foreign-onnx.js';
import { testSharp } from '../support/pictures.js';
import { dayNight, drop, outputs, project } from '../support/project.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

let daemon: Daemon | undefined;
/** Short, and long enough for a machine that is busy with others. */
const limits = {
  ...pluginLimits,
  heartbeatMs: 50,
  unresponsiveAfterMs: 1500,
  endAfterMs: 1500,
  memoryBytes: 250 * 2 ** 20,
};

afterEach(async () => {
  await daemon?.stop(0);
  daemon = undefined;
});

const frame = (message: string) => `{
  const body = JSON.stringify(${message});
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(body));
  fs.writeSync(3, Buffer.concat([length, Buffer.from(body)]));
}`;

interface Bad {
  /** What its postprocessor does; or its whole module. */
  readonly body?: string;
  readonly code?: string;
  readonly engines?: string;
  readonly named: RegExp;
}

const fails = 'PLUGIN_(?:FAILED|CRASHED|UNAVAILABLE)';

const bad: Readonly<Record<string, Bad>> = {
  throws: {
    code: `export function activate() { throw new Error('no licence'); }`,
    named: /failed\(PLUGIN_FAILED\).*no licence/,
  },
  rejects: { body: `await Promise.reject(new Error('not today'));`, named: /not today \(at index\.mjs/ },
  exits: { body: 'process.exit(0);', named: /process ended with code 0/ },
  aborts: { body: 'process.abort();', named: /process ended by signal SIGABRT/ },
  loops: { body: 'for (;;);', named: /stopped answering for \d+ ms, and was ended/ },
  hoards: {
    body: 'const all = []; for (;;) { all.push(Buffer.alloc(8 << 20, 1)); await new Promise(setImmediate); }',
    named: /held \d+ MB of memory, more than its/,
  },
  reads: { body: `fs.readFileSync('/etc/passwd');`, named: /Access to this API has been restricted/ },
  forges: { body: `${frame('{ kind: "reply", id: 4711, result: null }')} return {};`, named: /returned no picture/ },
  hello: {
    body: `${frame('{ kind: "hello", rpc: 99, protocol: { name: "plugin", version: 9 }, pid: 1 }')} throw new Error('spoke');`,
    named: /spoke/,
  },
  pollutes: {
    body: `${frame(`JSON.parse('{"kind":"request","id":9,"method":"setState","params":{"__proto__":{"polluted":1},"key":"__proto__","value":{"polluted":1}}}')`)}
      return JSON.parse('{"__proto__":{"width":1,"polluted":1}}');`,
    named: /returned no picture/,
  },
  other: { body: 'return picture;', engines: '^9.0.0', named: /incompatible\(\^9\.0\.0, 1\.0\.0\)/ },
};

/** Two declarative plugins: one with another model than its manifest says, one whose weights lie outside of its folder. */
async function writePairs(root: string): Promise<void> {
  const pair = (id: string, model: object) => ({
    name: id,
    version: '1.0.0',
    engines: { cyclebox: '^1.0.0' },
    contributes: { domainPairs: [{ id, domains: ['one', 'two'], models: { two: { path: 'to-two.onnx', ...model } } }] },
  });
  const folder = (id: string, model: object) =>
    writePlugin(join(root, 'plugins', id), { 'package.json': pair(id, model) });
  await writeTinyOnnx(join(await folder('wrong-hash', { sha256: '0'.repeat(64) }), 'to-two.onnx'));
  const weights = [externalTensor('w', [3, 3, 1, 1], { location: '../../secret.data', offset: 0, length: 36 })];
  const model = foreignModel({ nodes: [node('Conv', ['image', 'w'], ['translated'])], weights });
  await writeFile(join(root, 'secret.data'), Buffer.alloc(36));
  await writeFile(join(await folder('far-weights', {}), 'to-two.onnx'), model);
}

async function writeBad(root: string, name: string, { body, code, engines = '^1.0.0' }: Bad): Promise<void> {
  const module = `import fs from 'node:fs';
    export const activate = context => context.registerPostprocessor('${name}', async picture => { ${body} });`;
  const manifest = { name, version: '1.0.0', engines: { cyclebox: engines }, main: 'index.mjs' };
  const files = {
    'package.json': { ...manifest, contributes: { postprocessors: [{ id: name }] } },
    'index.mjs': code ?? module,
  };
  await writePlugin(join(root, 'plugins', name), files);
}

test('all are named, all images are kept, and what has nothing to do with them goes through', async () => {
  const day = { pair: 'day-night', to: 'night' };
  const pairs = ['wrong-hash', 'far-weights'];
  const root = await project({
    ...dayNight,
    routes: [
      ...Object.keys(bad).map(name => ({ match: `${name}/**`, ...day, postprocessors: [name] })),
      ...pairs.map(pair => ({ match: `${pair}/**`, pair, to: 'two' })),
      { match: 'good/**', ...day },
    ],
  });
  for (const [name, each] of Object.entries(bad)) await writeBad(root, name, each);
  await writePairs(root);
  const all = [...Object.keys(bad), ...pairs];
  const image = await testSharp(8, 8).png().toBuffer();
  for (const name of [...all, 'good']) await drop(root, `${name}/a.png`, image);
  const failures = new Map<string, string>();
  const loaded = await loadConfig(join(root, 'watch-config.json'));
  const done = new Promise<void>(resolve => {
    const onEvent = (event: DaemonEvent) => {
      if (event.type === 'failed') failures.set(event.path.split('/')[0]!, event.error.toString());
      if (failures.size === all.length) resolve();
    };
    void startDaemon(loaded, { onEvent, pluginLimits: limits }).then(started => {
      daemon = started;
    });
  });
  await done;
  await daemon?.whenIdle();
  for (const [name, { named }] of Object.entries(bad)) {
    expect(failures.get(name), name).toMatch(new RegExp(`${fails}.*\\b${name}\\b`, 's'));
    expect(failures.get(name), name).toMatch(named);
  }
  expect(failures.get('wrong-hash')).toMatch(/MODEL_HASH_MISMATCH.*wrong-hash.*to-two\.onnx/s);
  expect(failures.get('far-weights')).toMatch(/MODEL_INVALID.*to-two\.onnx.*leads out of its folder/s);
  expect(await outputs(root)).toEqual(['good/a.png']);
  for (const name of all) expect(await readdir(join(root, 'inbox', name)), name).toEqual(['a.png']);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}, 120_000);
