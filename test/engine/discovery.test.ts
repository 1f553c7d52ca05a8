import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { measureSpeed } from '../../src/engine/discovery/measure-speed.js';
import { runSelfTest, selfTestTolerance } from '../../src/engine/discovery/self-test.js';
import {
  chooseAmong,
  chooseDevices,
  discoverEngines,
  type Engine,
  openEngine,
  type Program,
  referenceEngine,
} from '../../src/engine/index.js';
import { commandIn, remedyOf, whyImpossible } from '../../src/engine/remedies.js';
import { temporaryFolder } from '../support/pictures.js';

const entry = fileURLToPath(new URL('../fixtures/engine/probe.mjs', import.meta.url));
const twoCards = { nvidia: 2, any: true };

/** How the devices of the probing fixture behave. */
function devices(behaviours: Record<string, 'abort' | 'hang' | 'throw' | 'software' | 'processor'>): void {
  vi.stubEnv('FIXTURE_DEVICES', JSON.stringify(behaviours));
}
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('the self-test', () => {
  test('is passed by the CPU, with a difference far below what is allowed', async () => {
    const engine = await openEngine('cpu', { threads: 1 });
    try {
      const error = await runSelfTest(engine);
      expect(error).toBeGreaterThan(0);
      expect(error).toBeLessThan(selfTestTolerance / 1000);
    } finally {
      await engine.dispose();
    }
  });

  /** An engine whose outputs go through `spoil`. */
  function spoilt(engine: Engine, spoil: (name: string, data: Float32Array) => void): Engine {
    return {
      ...engine,
      createState: initial => engine.createState(initial),
      compile: async (graph, options) => spoiltProgram(await engine.compile(graph, options), spoil),
    };
  }
  function spoiltProgram(program: Program, spoil: (name: string, data: Float32Array) => void): Program {
    return {
      ...program,
      dispose: () => program.dispose(),
      run: async inputs => {
        const outputs = await program.run(inputs);
        for (const [name, { data }] of Object.entries(outputs)) spoil(name, data);
        return outputs;
      },
    };
  }

  test('fails a device whose gradients are wrong, and names what was', async () => {
    const engine = spoilt(referenceEngine(), (name, data) => {
      if (name === 'gradient of middle') data[7] = data[7]! * 2 + 1;
    });
    await expect(runSelfTest(engine)).rejects.toThrow(/computes wrongly: .*gradient of middle .*off by/);
  });

  test('fails a device that gives NaN', async () => {
    const engine = spoilt(referenceEngine(), (_, data) => data.fill(Number.NaN));
    await expect(runSelfTest(engine)).rejects.toThrow(/was NaN/);
  });

  test('fails a device that forgets what its variables became', async () => {
    const engine = referenceEngine();
    const forgetful: Engine = {
      ...engine,
      compile: async (graph, options) => engine.compile({ ...graph, updates: {} }, options),
    };
    await expect(runSelfTest(forgetful)).rejects.toThrow(/computes wrongly/);
  });
});

describe('measuring speed', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  /** A device that takes so long for a pixel. */
  const device = (msPerPixel: number) => async (size: number) => vi.advanceTimersByTime(msPerPixel * size ** 2);

  test('takes the largest size for which there is time', async () => {
    const fast = await measureSpeed(device(1e-4), [64, 128, 256], performance.now() + 2000);
    expect(fast.size).toBe(256);
    expect(fast.imagesPerSecond).toBeCloseTo(1000 / 6.5536, 0);
    expect((await measureSpeed(device(0.02), [64, 128, 256], performance.now() + 2000)).size).toBe(128);
  });

  test('ends after two runs of the smallest where the device is that slow', async () => {
    const startMs = performance.now();
    const slow = await measureSpeed(device(1), [64, 128, 256], startMs + 2000);
    expect(slow.size).toBe(64);
    expect(performance.now() - startMs).toBe(2 * 64 ** 2);
  });
});

describe('looking for devices', () => {
  test('the CPU is found by really trying it, and timed', async () => {
    const { generatorGraph } = await import('../../src/nets/index.js');
    const { graphToJson } = await import('../../src/graph/index.js');
    const spec = { kind: 'resnet', blocks: 1, width: 4, inputChannels: 3, outputChannels: 3, dropout: false } as const;
    const measure = { graph: graphToJson(generatorGraph(spec)), sizes: [32], budgetMs: 100 };
    const [report] = await discoverEngines({ engines: ['cpu'], measureSpeed: measure });
    expect(report).toMatchObject({ engine: 'cpu', usable: true, devices: [{ device: { id: 'cpu' }, hardware: true }] });
    const [found] = report?.usable ? report.devices : [];
    expect(found?.speed).toMatchObject({ size: 32 });
    expect(found?.speed?.imagesPerSecond).toBeGreaterThan(1);
    expect(found?.int8?.error).toBeLessThan(0.02);
    expect([7, 8]).toContain(found?.int8?.kernelBits);
  });

  test('what has no device here is said without a process; what is asked for by name is tried', async () => {
    const none = { nvidia: 0, any: false };
    const all = await discoverEngines({ accelerators: none, entry });
    const reasons = Object.fromEntries(all.map(report => [report.engine, report.usable ? '' : report.reason]));
    expect(reasons).toMatchObject({ cpu: '', tfjs: '', cuda: expect.stringContaining('NVIDIA') });
    expect(reasons['webgpu']).toMatch(/no GPU/);
    const [webgpu] = await discoverEngines({ engines: ['webgpu'], accelerators: none, entry });
    expect(webgpu).toMatchObject({ usable: true });
  });

  test('a device that kills its process costs itself, with its last words; the others are found', async () => {
    devices({ 'cuda:0': 'abort' });
    const [report] = await discoverEngines({ engines: ['cuda'], accelerators: twoCards, entry });
    expect(report).toMatchObject({
      usable: true,
      version: 'Fixture 1',
      devices: [{ device: { id: 'cuda:1' }, float16: false }],
      failed: [{ choice: 'cuda:0', reason: expect.stringMatching(/SIGABRT.*the driver gave up/) }],
    });
  });

  test('a driver that hangs is given up, and what throws is quoted', async () => {
    devices({ webgpu: 'hang', directml: 'throw' });
    expect(await discoverEngines({ engines: ['webgpu'], timeoutMs: 200, entry })).toEqual([
      { engine: 'webgpu', usable: false, reason: expect.stringContaining('took longer than 200 ms'), fault: true },
    ]);
    expect(await discoverEngines({ engines: ['directml'], entry })).toEqual([
      { engine: 'directml', usable: false, reason: 'the driver says no', fault: true },
    ]);
  });

  test('a step after the self-test that kills the process costs only its own answer', async () => {
    const speed = { graph: '', sizes: [64], budgetMs: 1 };
    const [report] = await discoverEngines({ engines: ['webgpu'], measureSpeed: speed, entry });
    expect(report).toMatchObject({ usable: true, devices: [{ speed: { imagesPerSecond: 7 }, float16: false }] });
  });

  test('it can be called off', async () => {
    devices({ webgpu: 'hang' });
    const stop = new AbortController();
    const found = discoverEngines({ engines: ['webgpu'], signal: stop.signal, entry });
    stop.abort();
    await expect(found).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('what would help', () => {
  const none = { nvidia: 0, any: false };

  test('is the command that the reason ends with, and none where it ends with none', () => {
    expect(commandIn('Install CUDA 12, then run: node install.js --flag=cuda12')).toBe('node install.js --flag=cuda12');
    expect(commandIn('It is not installed. Run: npm install @tensorflow/tfjs-node-gpu.')).toBe(
      'npm install @tensorflow/tfjs-node-gpu',
    );
    expect(commandIn('It does not run on Node 24.1.0. Use Node 20 or 22.')).toBeUndefined();
    expect(commandIn('It fails.')).toBeUndefined();
  });

  test('is a Vulkan driver for WebGPU on Linux, and its loader alone where NVIDIA has the driver', () => {
    const command = (...machine: Parameters<typeof remedyOf>) => commandIn(remedyOf(...machine));
    expect(command('webgpu', none, 'linux')).toBe('sudo apt-get install libvulkan1 mesa-vulkan-drivers');
    expect(command('webgpu', twoCards, 'linux')).toBe('sudo apt-get install libvulkan1');
    expect(command('webgpu', none, 'win32')).toBeUndefined();
    expect(command('cpu', none, 'linux')).toBe('npm ci');
  });

  test('is nothing for what another system has', () => {
    expect(whyImpossible('directml', none, 'linux')).toMatch(/Windows/);
    expect(whyImpossible('directml', none, 'win32')).toBeUndefined();
    expect(whyImpossible('coreml', none, 'linux')).toMatch(/macOS/);
    expect(whyImpossible('cpu', none, 'linux')).toBeUndefined();
  });
});

describe('choosing', () => {
  test('auto is the CPU where nothing else shows, without starting a process', async () => {
    const chosen = await chooseDevices('auto', { accelerators: { nvidia: 0, any: false }, entry: '/no/such/entry' });
    expect(chosen).toMatchObject({ devices: [{ id: 'cpu', kind: 'cpu' }], skipped: [] });
  });

  test('auto is all devices of CUDA where it works', async () => {
    const { devices: taken, skipped } = await chooseDevices('auto', { accelerators: twoCards, entry });
    expect(taken.map(({ id }) => id)).toEqual(['cuda:0', 'cuda:1']);
    expect(skipped).toEqual([]);
  });

  test('auto goes on to the next engine, and keeps the reason', async () => {
    devices({ 'cuda:0': 'throw', 'cuda:1': 'abort' });
    const { devices: taken, skipped } = await chooseDevices('auto', { accelerators: twoCards, entry });
    expect(taken.map(({ id }) => id)).toEqual(['webgpu']);
    expect(skipped).toEqual([{ choice: 'cuda', reason: 'the driver says no', fault: true }]);
  });

  test('auto does not take a device that is a software renderer, but its name does', async () => {
    devices({ webgpu: 'software' });
    const accelerators = { nvidia: 0, any: true };
    const { devices: taken, skipped } = await chooseDevices('auto', { accelerators, entry });
    expect(taken.map(({ id }) => id)).toEqual(['cpu']);
    expect(skipped).toEqual([
      { choice: 'webgpu', reason: expect.stringContaining('a software renderer'), fault: false },
    ]);
    expect((await chooseDevices('webgpu', { accelerators, entry })).devices).toMatchObject([{ id: 'webgpu' }]);
  });

  test('auto takes TensorFlow.js last, and only on a GPU', async () => {
    const folder = await temporaryFolder();
    const installed = join(folder, 'node_modules/@tensorflow/tfjs-node-gpu');
    await mkdir(installed, { recursive: true });
    await writeFile(join(installed, 'package.json'), '{}');
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
    const accelerators = { nvidia: 1, any: true };
    devices({ 'cuda:0': 'throw', webgpu: 'throw' });
    expect((await chooseDevices('auto', { accelerators, entry })).devices).toMatchObject([{ id: 'tfjs' }]);
    devices({ 'cuda:0': 'throw', webgpu: 'throw', tfjs: 'processor' });
    const { devices: taken, skipped } = await chooseDevices('auto', { accelerators, entry });
    expect(taken.map(({ id }) => id)).toEqual(['cpu']);
    expect(skipped.map(({ choice }) => choice)).toEqual(['cuda', 'webgpu', 'tfjs']);
    expect(skipped[2]?.reason).toMatch(/sees no GPU/);
  });

  test('auto ends with the CPU even where all fails and the working folder is gone', async () => {
    vi.spyOn(process, 'cwd').mockImplementation(() => {
      throw new Error('ENOENT: no such file or directory, uv_cwd');
    });
    const chosen = await chooseDevices('auto', { accelerators: twoCards, entry: '/no/such/entry.mjs' });
    expect(chosen.devices.map(({ id }) => id)).toEqual(['cpu']);
    expect(chosen.skipped.map(({ choice }) => choice)).toEqual(['cuda', 'webgpu']);
  });

  test('what was named and does not work is an error with the reason, never another device', async () => {
    devices({ webgpu: 'throw', 'cuda:3': 'throw' });
    const failure = { code: 'ENGINE_UNAVAILABLE', message: expect.stringContaining('the driver says no') };
    await expect(chooseDevices('webgpu', { entry })).rejects.toMatchObject(failure);
    await expect(chooseDevices('cuda:3', { entry })).rejects.toMatchObject(failure);
  });

  test('one device of several can be named', async () => {
    expect((await chooseDevices('cuda:1', { entry })).devices).toMatchObject([{ id: 'cuda:1' }]);
  });

  test('the same follows from reports that are there already', async () => {
    devices({ 'cuda:0': 'throw' });
    const reports = await discoverEngines({ engines: ['cpu', 'cuda'], accelerators: twoCards, entry });
    expect(chooseAmong('cuda', reports).devices).toMatchObject([{ id: 'cuda:1' }]);
    expect(() => chooseAmong('cuda:0', reports)).toThrow(/the driver says no/);
    expect(() => chooseAmong('cuda:7', reports)).toThrow(/no such device among cuda:1/);
  });

  test('whoever asks loads no native library', async () => {
    const engine = pathToFileURL(join(packageRoot, 'dist', 'engine', 'index.js')).href;
    const script = `const { chooseDevices, discoverEngines } = await import(${JSON.stringify(engine)});
      await discoverEngines({ engines: ['cpu'] });
      await chooseDevices('auto');
      console.log(process.report.getReport().sharedObjects.join('\\n'));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    expect(stdout).toContain('libc');
    expect(stdout).not.toMatch(/onnxruntime/);
  });
});

test('where ONNX Runtime itself cannot be loaded, the CPU is unavailable, with the command that mends it', async () => {
  vi.doMock('onnxruntime-node', () => {
    throw new Error('libonnxruntime.so.1: cannot open shared object file');
  });
  vi.resetModules();
  try {
    const fresh = await import('../../src/engine/index.js');
    await expect(fresh.openEngine('cpu')).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(/^ONNX Runtime could not be loaded \(.*\)\. Run: npm ci$/),
    });
  } finally {
    vi.doUnmock('onnxruntime-node');
    vi.resetModules();
  }
});

describe('opening auto', () => {
  const good = { id: 'reference', name: 'a device that opens', kind: 'gpu' };
  const bad = { id: 'cpu:9', name: 'a device that does not', kind: 'gpu' };

  /** The engines' face, where looking for devices finds these, and how often that was asked. */
  async function finding(devices: readonly object[], skipped: readonly object[] = []) {
    const chooseDevices = vi.fn(async () => ({ devices, skipped }));
    vi.resetModules();
    vi.doMock('../../src/engine/discovery/choose-devices.js', () => ({ chooseDevices, chooseAmong: () => {} }));
    const { openEngine: open } = await import('../../src/engine/index.js');
    return { open, chooseDevices };
  }
  afterEach(() => {
    vi.doUnmock('../../src/engine/discovery/choose-devices.js');
    vi.resetModules();
  });

  test('takes the best that was found, tells what was not, and looks only once', async () => {
    const hanging = { choice: 'webgpu', reason: 'it hangs', fault: true };
    const { open, chooseDevices } = await finding([good, bad], [hanging]);
    const told: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      const engine = await open('auto', { onDeviceSkipped: device => told.push(device) });
      expect(engine.id).toBe('reference');
      await engine.dispose();
    }
    expect(told).toEqual([hanging, hanging]);
    expect(chooseDevices).toHaveBeenCalledTimes(1);
  });

  test('goes on to the CPU where a device that passed its test does not open, and looks again next time', async () => {
    const { open, chooseDevices } = await finding([bad]);
    for (let round = 1; round <= 2; round++) {
      const told: unknown[] = [];
      const engine = await open('auto', { threads: 1, onDeviceSkipped: device => told.push(device) });
      expect(engine.device.id).toBe('cpu');
      expect(told).toEqual([{ choice: 'cpu:9', reason: expect.stringContaining('no device cpu:9'), fault: true }]);
      await engine.dispose();
      expect(chooseDevices).toHaveBeenCalledTimes(round);
    }
  });
});
