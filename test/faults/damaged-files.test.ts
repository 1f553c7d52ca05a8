import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CycleboxError, packageRoot } from '../../src/base/index.js';
import { loadPlugins } from '../../src/catalog/index.js';
import { readPyTorch } from '../../src/nets/pytorch/index.js';
import { readSafetensors } from '../../src/nets/safetensors.js';
import { openTranslator } from '../../src/translate/index.js';
import { mutations } from '../support/mutate.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';
import { tinyOnnx } from '../support/tiny-onnx.js';

const golden = (name: string) => readFile(join(packageRoot, 'test/fixtures/golden', name));

/** What became of each copy: `read`, or the code of the error. Whatever else is thrown fails the test. */
async function outcomes(
  copies: Iterable<Uint8Array>,
  use: (copy: Uint8Array) => unknown,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const copy of copies) {
    const outcome = await Promise.resolve()
      .then(() => use(copy))
      .then(
        () => 'read',
        (error: unknown) => {
          if (error instanceof CycleboxError) return error.code;
          throw error;
        },
      );
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return counts;
}

/** Most copies are refused by these, and a few are harmless; nothing else happens. */
function expectOnly(counts: ReadonlyMap<string, number>, codes: readonly string[]): void {
  expect([...counts.keys()].filter(code => code !== 'read' && !codes.includes(code))).toEqual([]);
  const refused = codes.reduce((sum, code) => sum + (counts.get(code) ?? 0), 0);
  expect(refused).toBeGreaterThan(20);
}

test('300 damaged models are refused or run, and none ends the process or hangs', { timeout: 240_000 }, async () => {
  const path = join(await temporaryFolder(), 'm.onnx');
  const picture = testPicture(16, 16);
  const use = async (copy: Uint8Array) => {
    await writeFile(path, copy);
    const translator = await openTranslator({ model: path, engine: 'cpu', threads: 1 });
    try {
      await translator.translatePicture(picture);
    } finally {
      await translator.dispose();
    }
  };
  const counts = await outcomes(mutations(tinyOnnx({ kind: 'matrix' }), 300, 1), use);
  expectOnly(counts, ['MODEL_INVALID', 'MODEL_MISSING', 'ENGINE_FAILED', 'OUT_OF_MEMORY']);
});

const codesOfWeights = ['WEIGHTS_UNREADABLE', 'WEIGHTS_UNSAFE', 'WEIGHTS_MISMATCH'];

test.each([
  ['pixelgan_ndf8_32.pth', readPyTorch],
  ['pixelgan_ndf8_32.io.safetensors', (bytes: Uint8Array, file: string) => readSafetensors(bytes, { file })],
] as const)('400 damaged copies of %s', async (name, read) => {
  const counts = await outcomes(mutations(await golden(name), 400, 2), copy => read(copy, name));
  expectOnly(counts, codesOfWeights);
});

test('300 damaged manifests each spoil their own plugin only', async () => {
  const root = await temporaryFolder();
  const folder = join(root, 'plugin');
  await mkdir(folder);
  const whole = await readFile(join(packageRoot, 'plugins/horse-zebra/package.json'));
  const seen = new Map<string, number>();
  for (const copy of mutations(whole, 300, 3)) {
    await writeFile(join(folder, 'package.json'), copy);
    const { pairs, problems } = await loadPlugins([root]);
    const outcome = problems[0]?.code ?? 'read';
    expect(pairs.length + problems.length).toBeGreaterThan(0);
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  }
  expectOnly(seen, ['PLUGIN_INVALID', 'PLUGIN_ENGINE_MISMATCH', 'PLUGIN_DUPLICATE']);
});
