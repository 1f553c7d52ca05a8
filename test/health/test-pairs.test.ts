/** Self-tests of models: tiny real networks whose faults are known, each in a process of its own. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { loadPlugins } from '../../src/catalog/index.js';
import { type DirectionHealth, healthText, readHealth, testPairs } from '../../src/health/index.js';
import { manifest, writePlugin } from '../plugin-host/plugin-folders.js';
import { temporaryFolder } from '../support/pictures.js';
import { type TinyOnnxOptions, writeTinyOnnx } from '../support/tiny-onnx.js';

vi.setConfig({ testTimeout: 240_000 });

const scaledBy = (factor: number, bias = 0): TinyOnnxOptions => ({
  kind: 'matrix',
  matrix: [0, 1, 2].map(row => [0, 1, 2].map(column => (row === column ? factor : 0))),
  bias: [bias, bias, bias],
});

/** A pair `cat-dog` in a folder of its own, with a model to dogs and perhaps one to cats. */
async function pairWith(toDog: TinyOnnxOptions, toCat?: TinyOnnxOptions) {
  const models = { dog: { path: 'to-dog.onnx' }, ...(toCat && { cat: { path: 'to-cat.onnx' } }) };
  const pair = { id: 'cat-dog', domains: ['cat', 'dog'], models };
  const folder = await writePlugin(await temporaryFolder(), {
    'package.json': manifest('cat-dog', { contributes: { domainPairs: [pair] } }),
  });
  await writeTinyOnnx(join(folder, 'to-dog.onnx'), toDog);
  if (toCat) await writeTinyOnnx(join(folder, 'to-cat.onnx'), toCat);
  return { folder, state: await temporaryFolder(), pairs: (await loadPlugins([folder])).pairs };
}

/** What is found of each direction. */
async function tested({ pairs, state }: Awaited<ReturnType<typeof pairWith>>, entry?: string) {
  const found: Record<string, DirectionHealth> = {};
  const onTested = (key: string, health: DirectionHealth) => {
    found[key] = health;
  };
  await testPairs(pairs, { state, entry, timeoutMs: 30_000, onTested });
  return found;
}

test('sound models say how long they take and how much of a picture comes back', async () => {
  const pair = await pairWith({ kind: 'negate' }, scaledBy(-0.5));
  const found = await tested(pair);
  expect(Object.keys(found).sort()).toEqual(['cat-dog/cat', 'cat-dog/dog']);
  expect(found['cat-dog/dog']).toMatchObject({ faults: [], width: 128, height: 128 });
  expect(found['cat-dog/dog']!.latencyMs).toBeGreaterThan(0);
  // Half of every value is lost on the way, whichever way one goes first.
  const { cycleError: lost } = found['cat-dog/dog']!;
  expect(found['cat-dog/cat']!.cycleError).toBeCloseTo(lost!, 3);
  expect(lost).toBeGreaterThan(5);
  expect(healthText(found['cat-dog/dog']!)).toMatch(
    /^sound: 128 × 128 in \d+ ms on the CPU, there and back changes [\d.]+ of 255 levels$/,
  );
  expect(await readHealth(pair.state)).toEqual(new Map(Object.entries(found)));
});

test('a way there and back that loses nothing says so; without a way back nothing is said', async () => {
  expect((await tested(await pairWith({ kind: 'negate' }, { kind: 'negate' })))['cat-dog/dog']?.cycleError).toBe(0);
  expect((await tested(await pairWith({ kind: 'negate' })))['cat-dog/dog']).not.toHaveProperty('cycleError');
});

test('a version of a model is tested once, and a new one anew', async () => {
  const { folder, state, pairs } = await pairWith({ kind: 'negate' }, { kind: 'negate' });
  expect(await testPairs(pairs, { state })).toBe(2);
  expect(await testPairs(pairs, { state })).toBe(0);
  await writeTinyOnnx(join(folder, 'to-cat.onnx'), { kind: 'identity' });
  // Both have another way back, or are another themselves.
  expect(await testPairs(pairs, { state })).toBe(2);
  await rm(join(folder, 'to-cat.onnx'));
  expect(await testPairs(pairs, { state })).toBe(1);
});

test.each<[string, TinyOnnxOptions, RegExp]>([
  ['gives NaN', scaledBy(1, Number.NaN), /^unsound: Its result holds NaN/],
  ['leaves the range', scaledBy(40), /^unsound: Its values go from -\d.* to \d.*, where -1 to 1 is expected/],
  ['gives one colour', scaledBy(0, 0.25), /^unsound: It makes a picture of one colour/],
])('a model that %s is unsound, and named so', async (_, model, words) => {
  const found = await tested(await pairWith(model));
  expect(healthText(found['cat-dog/dog']!)).toMatch(words);
});

test('a model that kills the process is a finding like others, and the next one is tested', async () => {
  const pair = await pairWith({ kind: 'negate' }, { kind: 'negate' });
  const entry = join(await temporaryFolder(), 'dies.mjs');
  await writeFile(entry, 'process.abort();');
  const found = await tested(pair, entry);
  expect(Object.values(found).map(({ faults }) => faults)).toEqual([
    [expect.stringMatching(/^PROCESS_CRASHED: /)],
    [expect.stringMatching(/^PROCESS_CRASHED: /)],
  ]);
});

test('a file that changed after it was looked at is not run', async () => {
  const { folder, state, pairs } = await pairWith({ kind: 'negate' });
  const model = pairs[0]!.models.get(pairs[0]!.domains[1])!;
  const pinned = [{ ...pairs[0]!, models: new Map([[pairs[0]!.domains[1], { ...model, sha256: 'a'.repeat(64) }]]) }];
  await writeTinyOnnx(join(folder, 'to-dog.onnx'), { kind: 'identity' });
  expect(await testPairs(pinned, { state })).toBe(0);
});
