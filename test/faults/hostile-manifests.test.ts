import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlugins } from '../../src/catalog/index.js';
import { cpuTimeMs } from '../support/cpu-time.js';
import { temporaryFolder } from '../support/pictures.js';

const pair = { id: 'cat-dog', domains: ['cat', 'dog'], models: { dog: { path: 'to-dog.onnx' } } };
const manifest = (more: object = {}, contribution: object = pair) =>
  JSON.stringify({
    ...{ name: 'hostile', version: '1.0.0', engines: { cyclebox: '^1.0.0' } },
    contributes: { domainPairs: [contribution] },
    ...more,
  });
const withPair = (more: object) => manifest({}, { ...pair, ...more });
const sound = manifest({ name: 'sound' }, { ...pair, id: 'sound' });

/** As whoever means harm would write them; and as what tools leave. */
const hostile: Readonly<Record<string, string | Buffer>> = {
  nothing: '',
  null: 'null',
  'a list': '[]',
  'a text': '"manifest"',
  'UTF-16': Buffer.from(manifest(), 'utf16le'),
  'bytes that are no text': Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x7b]),
  'a hundred thousand levels': `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  'a hundred thousand levels of ours': manifest().replace('["cat","dog"]', '['.repeat(100_000) + ']'.repeat(100_000)),
  'a prototype': manifest().replace('{"name"', '{"__proto__":{"polluted":1},"name"'),
  'a prototype of a pair': manifest().replace('"id"', '"__proto__":{"polluted":1},"id"'),
  'a domain that all objects have': withPair({ models: { constructor: { path: 'a.onnx' } } }),
  'a domain that climbs': withPair({ domains: ['../../etc', 'dog'] }),
  'an id that climbs': withPair({ id: '../../cat-dog' }),
  'an id with a command for the terminal': withPair({ id: 'cat\u001b[2Jdog' }),
  'an id of a million letters': withPair({ id: 'a'.repeat(1_000_000) }),
  'a path with NUL': withPair({ models: { dog: { path: 'a\0.onnx' } } }),
  'a path to the network': withPair({ models: { dog: { path: '//host/share/a.onnx' } } }),
  'a path that is a URL': withPair({ models: { dog: { path: 'https://localhost/a.onnx' } } }),
  'a path of dots': withPair({ models: { dog: { path: 'a/../../b.onnx' } } }),
  'a hash that is a number': withPair({ models: { dog: { path: 'a.onnx', sha256: 1 } } }),
  'a size that is no number': withPair({ models: { dog: { path: 'a.onnx', bytes: '1e999' } } }),
  'models that are a list': withPair({ models: [{ path: 'a.onnx' }] }),
  'a range of ten thousand versions': manifest({ engines: { cyclebox: Array(10_000).fill('>1.0.0').join(' || ') } }),
  'a range of ten thousand conditions': manifest({ engines: { cyclebox: '>=1.0.0 '.repeat(10_000) } }),
  'a range of spaces': manifest({ engines: { cyclebox: `^1${' '.repeat(100_000)}x` } }),
  'a name of a million letters': manifest({ name: 'a'.repeat(1_000_000) }),
  'a domain of a million letters': withPair({ models: { ['a'.repeat(1_000_000)]: { path: 'a.onnx' } } }),
  'a version of a million digits': manifest({ version: `1.0.${'9'.repeat(1_000_000)}` }),
  'code that climbs': manifest({ main: '../../evil.js' }),
  'code elsewhere': manifest({ main: '/tmp/evil.js' }),
  'an activation by everything': manifest({ main: 'main.js', activationEvents: ['*'] }),
  'ten thousand unknown keys': withPair(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i]))),
};

/** Loads it beside a sound plugin, and says what is wrong with it. */
async function problemOf(place: (folder: string) => Promise<unknown>) {
  const root = await temporaryFolder();
  for (const name of ['hostile', 'sound']) await mkdir(join(root, name));
  await writeFile(join(root, 'sound/package.json'), sound);
  await place(join(root, 'hostile'));
  const startMs = cpuTimeMs();
  const { pairs, problems } = await loadPlugins([root]);
  expect(cpuTimeMs() - startMs).toBeLessThan(2000);
  expect(pairs.map(({ id }) => id)).toContain('sound');
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  return { problems, ids: pairs.map(({ id }) => id) };
}

describe('a manifest of', () => {
  test.each(Object.entries(hostile))('%s is refused by name, at once, and harms nobody', async (_, text) => {
    const { problems, ids } = await problemOf(folder => writeFile(join(folder, 'package.json'), text));
    expect(ids).toEqual(['sound']);
    expect(problems).toEqual([expect.objectContaining({ code: expect.stringMatching(/^PLUGIN_/) })]);
    expect(problems[0]?.message).toContain('hostile');
    expect(problems[0]?.message.length).toBeLessThan(2000);
  });
});

describe('in the place of a manifest', () => {
  test.each<[string, (file: string) => Promise<unknown> | unknown]>([
    ['a folder', file => mkdir(file)],
    ['a link to nowhere', file => symlink('/nowhere', file)],
    ['a link to a device', file => symlink('/dev/zero', file)],
    ...(process.platform === 'win32'
      ? []
      : [['a pipe', (file: string) => execFileSync('mkfifo', [file])] as [string, (file: string) => unknown]]),
  ])('%s is refused without being waited for', async (_, place) => {
    const { problems } = await problemOf(async folder => place(join(folder, 'package.json')));
    expect(problems).toMatchObject([{ code: 'PLUGIN_INVALID', subject: { plugin: 'hostile' } }]);
  });

  test('a file of 100 MB is refused by its size', async () => {
    const { problems } = await problemOf(folder => writeFile(join(folder, 'package.json'), Buffer.alloc(100e6, ' ')));
    expect(problems).toMatchObject([{ code: 'PLUGIN_INVALID', message: expect.stringContaining('bytes') }]);
  });
});
