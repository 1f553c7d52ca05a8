import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore, machineMemoryBytes } from '../../../src/base/index.js';
import { type ChooseDevices, memoryLimitOf, resolveDevices } from '../../../src/daemon/pool/resolve-devices.js';
import { type WorkerEvent, WorkerPool } from '../../../src/daemon/pool/worker-pool.js';
import type { Device, EngineChoice } from '../../../src/engine/index.js';
import type { ComputeTask } from '../../../src/worker/index.js';
import { temporaryFolder } from '../../support/pictures.js';

const entry = fileURLToPath(new URL('../../fixtures/worker/worker.mjs', import.meta.url));
const settings = { precision: 'auto', threads: 1, maxMegapixels: 50, processMemoryLimitBytes: undefined } as const;

let opened: DisposableStore;
let folder: string;
let jobs = 0;
beforeEach(async () => {
  opened = new DisposableStore();
  folder = await temporaryFolder();
});
afterEach(() => opened.dispose());

const deviceOf = (id: EngineChoice): Device => ({ id, name: `a ${id}`, kind: id === 'cpu' ? 'cpu' : 'gpu' });

/** Every device is found, and passes its test unless it is among the `broken`. */
function choosing(broken: readonly EngineChoice[] = []): ChooseDevices & { readonly asked: EngineChoice[] } {
  const asked: EngineChoice[] = [];
  const choose = async (choice: EngineChoice) => {
    asked.push(choice);
    if (broken.includes(choice)) throw new CycleboxError('ENGINE_UNAVAILABLE', `${choice} gives wrong numbers.`);
    return { devices: [deviceOf(choice)], skipped: [] };
  };
  return Object.assign(choose, { asked });
}

/** The CPU is found as soon as it `comes`, and `isAsked` resolves when it is looked for. */
function slowProcessor(tested: ChooseDevices) {
  let ask = () => {};
  let comes = () => {};
  const isAsked = new Promise<void>(resolve => {
    ask = resolve;
  });
  const isThere = new Promise<void>(resolve => {
    comes = resolve;
  });
  const choose: ChooseDevices = async choice => {
    if (choice !== 'cpu') return tested(choice);
    ask();
    await isThere;
    return tested('cpu');
  };
  return { choose, isAsked, comes };
}

/** True until the process has ended and been reaped. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function open(ids: readonly EngineChoice[], chooseDevices: ChooseDevices = choosing()) {
  const resolved = { devices: ids.map(deviceOf), skipped: [] };
  const common = { entry, backOff: { firstMs: 5, maxMs: 10 } };
  const pool = opened.add(new WorkerPool({ devices: resolved, settings, common, chooseDevices }));
  const events: WorkerEvent[] = [];
  pool.onEvent(event => void events.push(event));
  const of = <T extends WorkerEvent['type']>(type: T) =>
    events.filter((event): event is Extract<WorkerEvent, { type: T }> => event.type === type);
  return { pool, of };
}

async function task(content: string, { model = 'm', ...more }: { model?: string; signal?: AbortSignal } = {}) {
  const job = `job-${++jobs}`;
  const source = join(folder, `${job}.png`);
  await writeFile(source, content);
  const made: ComputeTask = {
    job,
    source,
    temporary: join(folder, `${job}.tmp`),
    model: { path: `${model}.onnx`, sha256: model },
    ...more,
  };
  return made;
}

const flag = (name: string) => join(folder, name);
const put = (name: string) => writeFile(flag(name), '');

describe('the pool of workers', () => {
  it('has as many processes as devices, which work at the same time', async () => {
    const { pool } = open(['cuda:0', 'cuda:1']);
    const first = await task('');
    const second = await task('');
    // Each waits until the other has begun: one after the other, neither would end.
    await writeFile(first.source, `wait for ${second.source}.here`);
    await writeFile(second.source, `wait for ${first.source}.here`);
    const reports = await Promise.all([pool.run(first), pool.run(second)]);
    expect(reports.map(({ device }) => device).sort()).toEqual(['cuda:0', 'cuda:1']);
    const pids = pool.facts().map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(2);
    expect(pids).not.toContain(undefined);
  });

  it('lets a job wait until a device is free, and lets go of one that is cancelled meanwhile', async () => {
    const { pool } = open(['webgpu']);
    const long = pool.run(await task(`wait for ${flag('go')}`));
    const controller = new AbortController();
    const cancelled = pool.run(await task('x', { signal: controller.signal }));
    const waiting = pool.run(await task('x'));
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    await put('go');
    expect(await Promise.all([long, waiting])).toMatchObject([{ device: 'webgpu' }, { device: 'webgpu' }]);
  });

  it('gives a job to the free device that has its model loaded, and a new model to the one with fewest', async () => {
    const { pool } = open(['cuda:0', 'cuda:1']);
    const run = async (model: string) => (await pool.run(await task('x', { model }))).device;
    expect([await run('a'), await run('b'), await run('b'), await run('a'), await run('b')]).toEqual([
      'cuda:0',
      'cuda:1',
      'cuda:1',
      'cuda:0',
      'cuda:1',
    ]);
  });

  it('tells what a device gave up for want of memory', async () => {
    const { pool, of } = open(['webgpu']);
    await pool.run(await task('memory'));
    expect(of('memoryStep')).toMatchObject([{ step: { kind: 'tiles', device: 'webgpu', model: 'm.onnx' } }]);
    expect(pool.facts()).toMatchObject([{ device: 'webgpu', memory: ['tiles get smaller'] }]);
  });

  it('no longer tells it when a new process begins with all memory', async () => {
    const { pool } = open(['cpu']);
    const memory = () => pool.facts().flatMap(facts => facts.memory);
    await pool.run(await task('memory'));
    await expect(pool.run(await task('crash'))).rejects.toMatchObject({ code: 'PROCESS_CRASHED' });
    expect(memory()).toEqual([]);
    await pool.run(await task('memory'));
    pool.configure(settings);
    expect(memory()).toEqual(['tiles get smaller']);
    pool.configure({ ...settings, maxMegapixels: 7 });
    expect(memory()).toEqual([]);
  });

  it('ends what waits when it is closed', async () => {
    const { pool } = open(['webgpu']);
    const running = pool.run(await task(`wait for ${flag('never')}`)).catch(error => error as CycleboxError);
    const waiting = pool.run(await task('x')).catch(error => error as CycleboxError);
    await pool.dispose();
    expect(await waiting).toMatchObject({ code: 'CANCELLED' });
    expect(await running).toBeInstanceOf(CycleboxError);
  });
});

describe('workers on the CPU', () => {
  it('share its threads and its memory; one alone has what is usual', async () => {
    const { pool } = open(['cpu', 'cpu', 'webgpu']);
    pool.configure({ ...settings, threads: undefined });
    for (const name of ['a', 'b', 'c']) await pool.run(await task('memory limits', { model: name }));
    const half = (all: number) => Math.floor(all / 2);
    const own = `${Math.max(1, half(availableParallelism()))} threads, ${Math.floor(machineMemoryBytes() / 4)} bytes`;
    const all = 'undefined threads, undefined bytes';
    expect(pool.facts().map(({ memory }) => memory)).toEqual([[own], [own], [all]]);
    expect(memoryLimitOf(deviceOf('cpu'), [deviceOf('cpu'), deviceOf('webgpu')])).toBeUndefined();
  });
});

describe('a device that fails', () => {
  it('gets a new worker, and the image another try', async () => {
    const { pool, of } = open(['webgpu']);
    await pool.run(await task('x'));
    const before = pool.facts()[0]?.pid;
    expect(await pool.run(await task('lost once'))).toMatchObject({ device: 'webgpu' });
    expect(pool.facts()[0]?.pid).not.toBe(before);
    expect(of('deviceFailed')).toMatchObject([{ device: 'webgpu', error: { code: 'ENGINE_FAILED' } }]);
    expect(pool.skipped).toEqual([]);
  });

  it('is passed over when it fails three times and its self-test too, and the others go on', async () => {
    const chooseDevices = choosing(['cuda:0']);
    const { pool, of } = open(['cuda:0', 'cuda:1'], chooseDevices);
    expect(await pool.run(await task('lost on cuda:0'))).toMatchObject({ device: 'cuda:1' });
    expect(of('deviceFailed').map(({ device }) => device)).toEqual(['cuda:0', 'cuda:0', 'cuda:0']);
    expect(chooseDevices.asked).toContain('cuda:0');
    expect(pool.skipped).toEqual([
      {
        choice: 'cuda:0',
        reason: 'the device is gone. Its self-test failed, too: cuda:0 gives wrong numbers.',
        fault: true,
      },
    ]);
    expect(await pool.run(await task('x'))).toMatchObject({ device: 'cuda:1' });
    expect(pool.devices.map(({ id }) => id)).toEqual(['cuda:1']);
  });

  it('leaves the CPU when it was the only one', async () => {
    const { pool, of } = open(['webgpu'], choosing(['webgpu']));
    const reports = await Promise.all([pool.run(await task('device lost')), pool.run(await task('device lost'))]);
    expect(reports).toMatchObject([{ device: 'cpu' }, { device: 'cpu' }]);
    expect(pool.devices.map(({ id }) => id)).toEqual(['cpu']);
    expect(of('devices')).toMatchObject([
      {
        devices: [{ id: 'cpu' }],
        skipped: [{ choice: 'webgpu', reason: expect.stringContaining('wrong numbers') }],
      },
    ]);
  });

  it('leaves one CPU, though other images ask for a place while it comes', async () => {
    const processor = slowProcessor(choosing(['webgpu']));
    const { pool, of } = open(['webgpu'], processor.choose);
    const lost = pool.run(await task('device lost'));
    await processor.isAsked;
    const others = [pool.run(await task('x')), pool.run(await task('x', { model: 'other' }))];
    processor.comes();
    for (const report of await Promise.all([lost, ...others])) expect(report).toMatchObject({ device: 'cpu' });
    expect(pool.devices.map(({ id }) => id)).toEqual(['cpu']);
    expect(of('devices')).toHaveLength(1);
  });

  it('leaves no CPU where the configuration brings other devices before it comes', async () => {
    const processor = slowProcessor(choosing(['webgpu']));
    const { pool } = open(['webgpu'], processor.choose);
    const lost = pool.run(await task('lost on webgpu'));
    await processor.isAsked;
    pool.configure(settings, { devices: [deviceOf('coreml')], skipped: [] });
    processor.comes();
    expect(await lost).toMatchObject({ device: 'coreml' });
    expect(pool.devices.map(({ id }) => id)).toEqual(['coreml']);
  });

  it('that ends its process counts as one that fails', async () => {
    const { pool, of } = open(['webgpu'], choosing(['webgpu']));
    expect(await pool.run(await task('device crash'))).toMatchObject({ device: 'cpu' });
    expect(of('deviceFailed').map(({ error }) => error.code)).toEqual(
      Array.from({ length: 3 }, () => 'PROCESS_CRASHED'),
    );
  });

  it('but passes its test loses only the model that it never could run', async () => {
    const { pool, of } = open(['webgpu']);
    expect(await pool.run(await task('device lost', { model: 'odd' }))).toMatchObject({ device: 'cpu' });
    expect(of('modelMoved')).toMatchObject([{ device: 'webgpu', model: 'odd.onnx', reason: 'the device is gone.' }]);
    expect(pool.facts()).toMatchObject([
      { device: 'webgpu', refused: ['odd.onnx is not run on webgpu: the device is gone.'] },
      { device: 'cpu', refused: [] },
    ]);
    const failures = of('deviceFailed').length;
    expect(await pool.run(await task('x', { model: 'odd' }))).toMatchObject({ device: 'cpu' });
    expect(of('deviceFailed')).toHaveLength(failures);
    // The CPU stands in for the one model only.
    const busy = pool.run(await task(`wait for ${flag('go')}`));
    const second = pool.run(await task('x'));
    await put('go');
    expect(await Promise.all([busy, second])).toMatchObject([{ device: 'webgpu' }, { device: 'webgpu' }]);
    expect(pool.skipped).toEqual([]);
  });

  it('since it has not what is asked for is asked once: the model goes elsewhere', async () => {
    const { pool, of } = open(['webgpu']);
    expect(await pool.run(await task('no float16'))).toMatchObject({ device: 'cpu' });
    expect(of('deviceFailed')).toHaveLength(1);
    expect(of('modelMoved')).toMatchObject([{ reason: 'no float16 here.' }]);
  });

  it('but passes its test and has run the model before leaves the failure to the image', async () => {
    const { pool } = open(['webgpu']);
    await pool.run(await task('x'));
    await expect(pool.run(await task('device lost'))).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    expect(await pool.run(await task('x'))).toMatchObject({ device: 'webgpu' });
  });

  it('and hangs in its test does not keep an image that is cancelled', async () => {
    const controller = new AbortController();
    const hanging: ChooseDevices = (_, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new CycleboxError('CANCELLED', 'The test was cancelled.')));
        controller.abort();
      });
    const { pool } = open(['webgpu'], hanging);
    const cancelled = pool.run(await task('device lost', { signal: controller.signal }));
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(pool.skipped).toEqual([]);
    expect(await pool.run(await task('x'))).toMatchObject({ device: 'webgpu' });
  });

  it('is not suspected on the CPU: there the image is tried once', async () => {
    const { pool, of } = open(['cpu']);
    await expect(pool.run(await task('crash'))).rejects.toMatchObject({ code: 'PROCESS_CRASHED' });
    expect(of('deviceFailed')).toEqual([]);
  });
});

describe('other devices than before', () => {
  it('take over from the next job on; those that stay keep their process', async () => {
    const { pool, of } = open(['cuda:0', 'cuda:1']);
    const long = await task(`wait for ${flag('go')}`);
    const running = pool.run(long);
    await pool.run(await task('x'));
    const kept = pool.facts()[1]?.pid;
    pool.configure(settings, { devices: [deviceOf('cuda:1'), deviceOf('cpu')], skipped: [] });
    expect(pool.facts()).toMatchObject([{ device: 'cuda:1', pid: kept }, { device: 'cpu' }]);
    await put('go');
    expect(await running).toMatchObject({ device: 'cuda:0' });
    expect(of('devices')).toMatchObject([{ devices: [{ id: 'cuda:1' }, { id: 'cpu' }] }]);
    expect(await pool.run(await task('x'))).toMatchObject({ device: 'cuda:1' });
  });

  it('are waited for until their processes have ended, when the pool is closed', async () => {
    const { pool } = open(['webgpu']);
    await pool.run(await task('x'));
    const pid = pool.facts()[0]?.pid ?? 0;
    expect(isAlive(pid)).toBe(true);
    pool.configure(settings, { devices: [deviceOf('cpu')], skipped: [] });
    await pool.dispose();
    expect(isAlive(pid)).toBe(false);
  });

  it('free a job that waits', async () => {
    const { pool } = open(['webgpu']);
    const running = pool.run(await task(`wait for ${flag('go')}`));
    const waiting = pool.run(await task('x'));
    pool.configure(settings, { devices: [deviceOf('webgpu'), deviceOf('cpu')], skipped: [] });
    expect(await waiting).toMatchObject({ device: 'cpu' });
    await put('go');
    await running;
  });
});

describe('the devices that a configuration means', () => {
  const two: ChooseDevices = async choice => {
    if (choice === 'webgpu') throw new CycleboxError('ENGINE_UNAVAILABLE', 'no adapter.');
    const skipped = choice === 'auto' ? [{ choice: 'coreml' as const, reason: 'not a Mac' }] : [];
    const ids: EngineChoice[] = choice === 'auto' || choice === 'cuda' ? ['cuda:0', 'cuda:1'] : [choice];
    return { devices: ids.map(deviceOf), skipped: skipped };
  };
  const ids = async (choices: readonly EngineChoice[]) =>
    (await resolveDevices(choices, two)).devices.map(({ id }) => id);

  it('are all of each engine that is named, each once', async () => {
    expect(await ids(['auto'])).toEqual(['cuda:0', 'cuda:1']);
    expect(await ids(['cuda:1', 'cuda'])).toEqual(['cuda:1', 'cuda:0']);
    expect(await ids(['auto', 'cpu', 'cuda:0'])).toEqual(['cuda:0', 'cuda:1', 'cpu']);
  });

  it('stand there twice only when they are named twice', async () => {
    expect(await ids(['cpu', 'cpu'])).toEqual(['cpu', 'cpu']);
    expect(await ids(['cuda', 'cuda'])).toEqual(['cuda:0', 'cuda:1']);
  });

  it('leave out what does not work, with the reason', async () => {
    const { devices, skipped } = await resolveDevices(['webgpu', 'auto'], two);
    expect(devices).toHaveLength(2);
    expect(skipped).toEqual([
      { choice: 'webgpu', reason: 'no adapter.' },
      { choice: 'coreml', reason: 'not a Mac' },
    ]);
    await expect(resolveDevices(['webgpu'], two)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});
