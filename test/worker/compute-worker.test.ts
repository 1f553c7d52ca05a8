import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DisposableStore } from '../../src/base/index.js';
import { type ComputeTask, ComputeWorker } from '../../src/worker/index.js';
import { temporaryFolder } from '../support/pictures.js';

const entry = fileURLToPath(new URL('../fixtures/worker/worker.mjs', import.meta.url));
let opened: DisposableStore;
let folder: string;
let worker: ComputeWorker;

beforeEach(async () => {
  opened = new DisposableStore();
  folder = await temporaryFolder();
  worker = opened.add(new ComputeWorker({ entry, settings: { engine: 'cpu' }, backOff: { firstMs: 10, maxMs: 20 } }));
});
afterEach(() => opened.dispose());

async function task(content: string, more: Partial<ComputeTask> = {}): Promise<ComputeTask> {
  const source = join(folder, 'a.png');
  await writeFile(source, content);
  const model = { path: join(folder, 'm.onnx'), sha256: 'abc' };
  return { job: 'job-1', source, temporary: join(folder, '.out.tmp'), model, ...more };
}

describe('the compute worker', () => {
  it('takes a file through decode, translate and encode, and reports each', async () => {
    const report = await worker.run(await task('pixels'));
    expect(await readFile(join(folder, '.out.tmp'), 'utf8')).toBe('abc(pixels)');
    expect(report).toEqual({
      notes: [],
      name: 'a.png',
      width: 2,
      height: 3,
      format: 'png',
      bytes: 11,
      tiles: 1,
      device: 'cpu',
      precision: 'float32',
      sourceSize: { width: 2, height: 3 },
      stepsMs: expect.any(Number),
      decodeMs: 1,
      loadMs: 5,
      translateMs: 2,
      encodeMs: 3,
    });
  });

  it('fails only the job that killed it, and runs the next in a new process', async () => {
    await worker.run({ ...(await task('fine')), temporary: join(folder, '.first.tmp') });
    const firstPid = worker.pid;
    expect(firstPid).toBeGreaterThan(0);
    await expect(worker.run(await task('crash'))).rejects.toMatchObject({
      code: 'PROCESS_CRASHED',
      message: expect.stringMatching(/SIGABRT during translate/),
    });
    await worker.run(await task('fine'));
    expect(worker.pid).not.toBe(firstPid);
  });

  it('is killed when a job takes longer than its limit', async () => {
    await expect(worker.run(await task('hang', { timeoutMs: 300 }))).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await worker.run(await task('fine'));
  });

  it.skipIf(process.platform === 'win32')('is ended when it holds too much memory, and says so', async () => {
    const options = { entry, processMemoryLimitBytes: 1e6, backOff: { firstMs: 10, maxMs: 20 } };
    const small = opened.add(new ComputeWorker(options));
    await expect(small.run(await task('hang'))).rejects.toMatchObject({
      code: 'PROCESS_CRASHED',
      message: expect.stringMatching(/used \d+ MB of memory, more than its limit of 1 MB/),
    });
  });

  it('says of a process that does not start that it is no fault of the job', async () => {
    const missing = opened.add(new ComputeWorker({ entry: join(folder, 'missing.mjs') }));
    await expect(missing.run(await task('fine'))).rejects.toMatchObject({ code: 'WORKER_UNAVAILABLE' });
  });

  it('is killed when it freezes while it takes its settings, and the job is not to blame', async () => {
    const frozen = opened.add(new ComputeWorker({ entry, settings: { maxMegapixels: 1 }, answerWithinMs: 300 }));
    await expect(frozen.run(await task('fine'))).rejects.toMatchObject({
      code: 'WORKER_UNAVAILABLE',
      message: expect.stringMatching(/configure .* took longer than 300 ms/),
    });
    expect(frozen.pid).toBeUndefined();
  });

  it('lets go of a job that is cancelled while its process takes no settings', async () => {
    const frozen = opened.add(new ComputeWorker({ entry, settings: { maxMegapixels: 1 } }));
    const controller = new AbortController();
    const running = frozen.run(await task('fine', { signal: controller.signal }));
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('is killed when it freezes at the end of a job, whose result stands', async () => {
    const frozen = opened.add(new ComputeWorker({ entry, settings: { engine: 'cpu' }, answerWithinMs: 300 }));
    expect(await frozen.run(await task('freeze at the end'))).toMatchObject({ name: 'a.png' });
    expect(frozen.pid).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('is ended at once when its process does not even say hello', async () => {
    const silent = join(folder, 'silent.mjs');
    await writeFile(silent, 'console.log("here"); setInterval(() => {}, 1000);');
    let heard = () => {};
    const isThere = new Promise<void>(resolve => {
      heard = resolve;
    });
    const unborn = new ComputeWorker({ entry: silent, onLine: () => heard() });
    const running = unborn.run(await task('fine')).catch((error: unknown) => error);
    await isThere;
    const startMs = performance.now();
    await unborn.dispose();
    expect(performance.now() - startMs).toBeLessThan(10_000);
    expect(await running).toBeInstanceOf(Error);
  });

  it('stops a job that is cancelled, though its code cannot be interrupted', async () => {
    const controller = new AbortController();
    await worker.run(await task('fine'));
    const running = worker.run(await task('hang', { signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
