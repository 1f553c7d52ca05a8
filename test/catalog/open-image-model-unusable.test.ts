import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256File } from '../../src/base/index.js';
import { validateConfig } from '../../src/cli/daemon/check-config.js';
import { listPairs } from '../../src/cli/models/list-pairs.js';
import { resolveConfig } from '../../src/daemon/index.js';
import { examineModels } from '../../src/diagnosis/models.js';
import type { Complaint } from '../../src/diagnosis/report.js';
import { classifyFailure } from '../../src/inbox/jobs/retry-policy.js';
import { ComputeService } from '../../src/worker/compute-service.js';
import { foreignModel, node, types } from '../support/foreign-onnx.js';
import { testSharp } from '../support/pictures.js';
import { project } from '../support/project.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

let root: string;
beforeEach(async () => {
  root = await project();
});

async function outputOf(work: () => Promise<number>): Promise<{ readonly code: number; readonly text: string }> {
  const parts: string[] = [];
  const heard = (chunk: unknown) => parts.push(String(chunk)) > 0;
  const spies = [process.stdout, process.stderr].map(stream => vi.spyOn(stream, 'write').mockImplementation(heard));
  try {
    return { code: await work(), text: parts.join('') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe('a model that makes no image', () => {
  const why = 'output translated holds int64 values';
  beforeEach(async () => {
    const nodes = [node('Cast', ['image'], ['translated'], { to: types.int64 })];
    const bytes = foreignModel({ output: { type: 'int64' }, nodes });
    await writeFile(join(root, 'plugins/day-night/to-night.onnx'), bytes);
  });

  test('is named by "pairs", which ends with 1', async () => {
    const { code, text } = await outputOf(() => listPairs({ plugins: [join(root, 'plugins')] }));
    expect(code).toBe(1);
    expect(text).toMatch(/day → night +MODEL_INVALID: /);
    expect(text).toContain(why);
  });

  test('is named by "config validate", which ends with 78', async () => {
    const { code, text } = await outputOf(() => validateConfig({ config: join(root, 'watch-config.json') }));
    expect(code).toBe(78);
    expect(text).toContain(why);
  });

  test('keeps "doctor" from saying that all is ready', async () => {
    const complaints: Complaint[] = [];
    await examineModels(resolveConfig({ plugins: ['plugins'], routes: [] }, root), complaints);
    expect(complaints).toMatchObject([{ about: 'models', blocking: true, message: expect.stringContaining(why) }]);
  });
});

test('the worker runs the model that was looked at, or none: one that has changed is tried again later', async () => {
  const path = join(root, 'm.onnx');
  await writeTinyOnnx(path, { kind: 'negate' });
  const model = { path, sha256: await sha256File(path) };
  const source = join(root, 'a.png');
  await testSharp().png().toFile(source);
  const service = new ComputeService();
  const { configure, decode, translate } = service.handlers();
  const context = { signal: new AbortController().signal };
  await configure({ engine: 'cpu', precision: 'auto', threads: 1, maxModels: 1, maxModelBytes: 1e9 }, context);
  await decode({ job: 'job', source }, context);
  await writeTinyOnnx(path, { kind: 'identity' });
  const failure = await Promise.resolve(translate({ job: 'job', model }, context)).catch(error => error);
  expect(failure).toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
  expect(classifyFailure(failure)).toBe('may-pass');
  await writeTinyOnnx(path, { kind: 'negate' });
  expect(await translate({ job: 'job', model }, context)).toMatchObject({ tiles: 1 });
  await service.dispose();
});
