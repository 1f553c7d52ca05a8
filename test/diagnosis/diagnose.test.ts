import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256File } from '../../src/base/index.js';
import { withoutFloat16 } from '../../src/diagnosis/engines.js';
import { type Complaint, type Diagnosis, diagnose } from '../../src/diagnosis/index.js';
import { shellQuote } from '../../src/diagnosis/shell-quote.js';
import type { EngineId } from '../../src/engine/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { cyclebox, dayNight, project, writeConfig } from '../support/project.js';

async function doctor(cwd: string, ...args: string[]) {
  const { code, out, err } = await cyclebox(cwd, 'doctor', '--json', ...args).ended;
  return { code, err, report: JSON.parse(out) as Diagnosis };
}

const faults = ({ complaints }: Diagnosis): readonly Complaint[] => complaints.filter(({ blocking }) => blocking);

/** A project whose manifest names the sum of its model. */
async function sealed(): Promise<{ readonly root: string; readonly model: string }> {
  const root = await project();
  const model = join(root, 'plugins/day-night/to-night.onnx');
  const models = { night: { path: 'to-night.onnx', sha256: await sha256File(model) } };
  const manifest = {
    name: 'day-night',
    version: '1.0.0',
    engines: { cyclebox: '^1.0.0' },
    contributes: { domainPairs: [{ id: 'day-night', domains: ['day', 'night'], models }] },
  };
  await writeFile(join(root, 'plugins/day-night/package.json'), JSON.stringify(manifest));
  return { root, model };
}

describe('cyclebox doctor', () => {
  test('finds a project that works ready, measures the CPU, and leaves nothing behind', async () => {
    const { root, model } = await sealed();
    const before = await readdir(root, { recursive: true });
    const { code, err, report } = await doctor(root);
    expect({ code, err, ok: report.ok, faults: faults(report) }).toEqual({ code: 0, err: '', ok: true, faults: [] });
    expect(await readdir(root, { recursive: true })).toEqual(before);
    expect(report.installation).toMatchObject({
      node: process.versions.node,
      packages: { sharp: expect.any(String), 'onnxruntime-node': expect.any(String) },
    });
    const processor = report.engines.find(({ engine }) => engine === 'cpu');
    const [found] = processor?.usable ? processor.devices : [];
    expect(found?.speed?.imagesPerSecond).toBeGreaterThan(0);
    expect(report.engines.every(one => one.usable || one.reason.length > 10)).toBe(true);
    expect(report.folders.map(({ role, exists, writable }) => [role, exists, writable])).toEqual([
      ['inbox', false, true],
      ['outbox', false, true],
      ['state', false, true],
    ]);
    expect(report.folders.every(({ freeBytes }) => freeBytes! > 0)).toBe(true);
    expect(report.models.slice(2).some(({ pair }) => pair === 'horse-zebra')).toBe(true);
    expect(report.models.slice(0, 2)).toMatchObject([
      { pair: 'day-night', from: 'day', to: 'night', state: 'ready', path: model, sha256: await sha256File(model) },
      { from: 'night', to: 'day', state: 'missing' },
    ]);
  });

  test('as text, names the fault, what would help, and ends with the verdict', async () => {
    const root = await project({ ...dayNight, engine: 'coreml' });
    const { code, out } = await cyclebox(root, 'doctor').ended;
    expect(code).toBe(1);
    expect(out).toMatch(/^ {2}cpu .* images\/s of \d+ × \d+.*self-test passed/m);
    expect(out).toMatch(/^ {2}FAULT The engine coreml cannot be used here/m);
    expect(out).toMatch(/Not ready: see the faults above\.\n$/);
  });
});

describe('a diagnosis', () => {
  /** Quick: what the devices can do is not of interest. */
  const examine = (root: string, engines: readonly EngineId[] = ['cpu']) =>
    diagnose({ config: join(root, 'watch-config.json'), engines, budgetMs: 1 });

  test('of a broken configuration names the place in the file, and still looks at the engines', async () => {
    const root = await project();
    await writeFile(join(root, 'watch-config.json'), '{ "routes": [ }');
    const report = await examine(root);
    expect(faults(report)).toMatchObject([
      { about: 'configuration', message: expect.stringMatching(/json:1:\d+: not JSON/) },
    ]);
    expect(report.engines.some(({ usable }) => usable)).toBe(true);
  });

  test('of a configuration with several faults tells them one by one', async () => {
    const root = await project();
    await writeFile(join(root, 'watch-config.json'), '{ "engin": "cpu", "routes": [] }');
    expect(faults(await examine(root)).map(({ message }) => message)).toEqual([
      expect.stringMatching(/json:1:\d+: routes: must name at least one route$/),
      expect.stringMatching(/json:1:\d+: "engin" is not a known key\..*"engine"\?$/),
    ]);
  });

  test('of an outbox that is a file says so', async () => {
    const root = await project();
    await writeFile(join(root, 'outbox'), 'not a folder');
    const report = await examine(root);
    expect(faults(report)).toMatchObject([
      { about: 'configuration', message: expect.stringMatching(/outbox .*is a file/) },
    ]);
    expect(report.folders).toContainEqual(expect.objectContaining({ role: 'outbox', writable: false }));
  });

  test('of an outbox inside the inbox says that they must lie apart', async () => {
    const root = await project({ ...dayNight, outbox: 'inbox/out' });
    expect(faults(await examine(root))).toMatchObject([{ message: expect.stringMatching(/must lie apart/) }]);
  });

  test('of a damaged model names the file and both sums', async () => {
    const { root, model } = await sealed();
    const good = await sha256File(model);
    await writeFile(model, 'half of it');
    const report = await examine(root);
    const message = expect.stringMatching(new RegExp(`to-night.onnx has the SHA-256 .*${good}`));
    expect(faults(report)).toContainEqual(expect.objectContaining({ about: 'models', message }));
    expect(report.models[0]).toMatchObject({ state: 'damaged' });
  });

  test('of models that are all missing says which routes wait', async () => {
    const root = await project();
    await rm(join(root, 'plugins/day-night/to-night.onnx'));
    const message = expect.stringContaining('"day-to-night/**", "night-to-day/**" have no model yet');
    expect(faults(await examine(root))).toMatchObject([{ about: 'models', message }]);
  });

  test('of one model that is missing is no fault', async () => {
    const report = await examine(await project());
    expect(report.ok).toBe(true);
    expect(report.complaints).toMatchObject([
      { message: expect.stringContaining('"night-to-day/**" has no model yet') },
    ]);
  });

  test('counts the folders of the inbox, each of which needs a watch', async () => {
    const root = await project();
    await mkdir(join(root, 'inbox/day-to-night/deep'), { recursive: true });
    const { watching } = await examine(root);
    expect(watching).toMatchObject({ folders: 3, works: true });
    if (process.platform === 'linux') expect(watching?.maxWatches).toBeGreaterThan(0);
  });

  test('without a configuration is good enough to translate and to train, unless one was named', async () => {
    const folder = await temporaryFolder();
    const unnamed = await cyclebox(folder, 'doctor').ended;
    expect([unnamed.code, unnamed.out]).toEqual([
      0,
      expect.stringMatching(/Ready to translate and to train.*"cyclebox init"/),
    ]);
    expect(unnamed.out).toMatch(/cpu .*convolutions in int8 \d+\.\d times as fast as in float32/);
    expect(faults(await examine(folder))).toMatchObject([
      { about: 'configuration', remedy: `cyclebox init ${shellQuote(folder)}` },
    ]);
    const other = await diagnose({ config: join(folder, 'other.json'), engines: ['cpu'], budgetMs: 1 });
    expect(faults(other)).toMatchObject([{ about: 'configuration', remedy: undefined }]);
  });

  test('of a device without the float16 that is asked for says so; the CPU takes float32', () => {
    const report = (id: EngineId, float16: boolean) => {
      const device = { id, name: id, kind: id === 'cpu' ? 'cpu' : 'gpu' } as const;
      const devices = [{ device, hardware: true, float16, selfTestError: 0 }];
      return { engine: id, usable: true, version: '1', devices } as const;
    };
    const engines = [report('cpu', false), report('webgpu', false), report('cuda', true), report('coreml', false)];
    const chosen = engines.slice(0, 3).flatMap(({ devices }) => devices.map(({ device }) => device));
    expect(withoutFloat16(chosen, engines)).toMatchObject([
      { about: 'engines', blocking: false, message: expect.stringMatching(/^webgpu has no float16/) },
    ]);
  });

  test('of several engines, one of which does not work, says which', async () => {
    const root = await project();
    await writeConfig(root, { ...dayNight, engine: ['cpu', 'directml'] });
    const report = await examine(root, ['cpu', 'directml']);
    const message = expect.stringContaining('directml');
    expect(report).toMatchObject({ ok: true, chosen: [{ id: 'cpu' }] });
    expect(report.complaints).toContainEqual(expect.objectContaining({ about: 'engines', blocking: false, message }));
    await writeConfig(root, { ...dayNight, engine: ['directml', 'coreml'] });
    expect(faults(await examine(root, ['cpu', 'directml', 'coreml']))).toMatchObject([
      { message },
      { about: 'engines' },
    ]);
  });
});
