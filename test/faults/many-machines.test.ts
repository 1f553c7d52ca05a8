/** A daemon and workers as processes with a real Redis between them, and each of them killed: nothing lost, nothing twice. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FaultPoint } from '../../src/base/index.js';
import type { WatchConfig } from '../../src/daemon/index.js';
import { giveCredentials } from '../dispatch/stores.js';
import { hasRedis, openRedis, type TestRedis } from '../support/redis.js';
import { openS3 } from '../support/s3-server.js';
import { cyclebox, isDone, project, type WhenFinished, workThrough } from './cyclebox-process.js';
import { dropMany, expectPromiseKept, expectUntouched, published } from './promise-check.js';
import { isFull } from './scale.js';

const lockMs = 2000;

describe.runIf(hasRedis)('many machines', () => {
  let redis: TestRedis;
  let queues = 0;
  beforeAll(async () => {
    redis = await openRedis();
  });
  afterAll(() => redis.dispose());

  const many = async (config: Partial<WatchConfig> = {}, whenFinished: WhenFinished = onTestFinished) => {
    const queue = { backend: 'bullmq', redis: redis.url, name: `q${queues++}`, lockMs } as const;
    const root = await project({ queue, dashboard: { enabled: false }, ...config }, whenFinished);
    const startWorker = async (env: NodeJS.ProcessEnv = {}) => {
      const worker = cyclebox(root, { args: ['worker'], env, whenFinished, preload: 'shifted-clock.mjs' });
      await worker.heard(({ msg }) => msg?.startsWith('the worker') ?? false);
      return worker;
    };
    await mkdir(join(root, 'outbox'));
    return { root, startWorker };
  };

  it('share the work of one inbox, whatever their clocks say, and stop in order', async () => {
    const { root, startWorker } = await many();
    const inputs = await dropMany(root, 12);
    const [ahead, behind] = [7_200_000, -86_400_000];
    const workers = [
      await startWorker({ CYCLEBOX_TEST_CLOCK_MS: String(ahead) }),
      await startWorker({ CYCLEBOX_TEST_CLOCK_MS: String(behind) }),
    ];
    const run = await workThrough(root);
    expect(run.code, run.text).toBe(0);
    await expectPromiseKept(root, inputs);
    for (const worker of workers) {
      expect(worker.records.filter(({ job }) => job !== undefined).length).toBeGreaterThan(0);
      expect(await worker.stop()).toMatchObject({ code: 0 });
    }
  });

  it('do it with nothing in common but Redis and a bucket, models included, and one of them killed', async () => {
    const s3 = await openS3();
    onTestFinished(() => s3.dispose());
    giveCredentials();
    const store = { s3: { bucket: s3.bucket, endpoint: s3.endpoint }, cache: 'cache' };
    const { root } = await many({ store });
    const { queue } = JSON.parse(await readFile(join(root, 'watch-config.json'), 'utf8')) as WatchConfig;
    const startWorker = async () => {
      const own = await project({ queue, store });
      for (const name of ['inbox', 'plugins/day-night/to-night.onnx']) await rm(join(own, name), { recursive: true });
      const worker = cyclebox(own, { args: ['worker'] });
      const { msg } = await worker.heard(({ msg }) => msg?.startsWith('the worker') ?? false);
      expect(msg).toContain('does day-night/night');
      return worker;
    };
    const inputs = await dropMany(root, 16);
    const [doomed, other] = [await startWorker(), await startWorker()];
    const daemon = cyclebox(root, { args: ['start', '--once'] });
    await Promise.all([doomed, other].map(worker => worker.heard(({ device }) => device !== undefined)));
    await doomed.kill();
    expect(await daemon.ended).toMatchObject({ code: 0 });
    await expectPromiseKept(root, inputs);
    for (const { records } of [doomed, other])
      expect(records.filter(({ msg }) => msg?.startsWith('fetched the model'))).toHaveLength(1);
    expect([...s3.objects.keys()].filter(key => !key.includes('/models/'))).toEqual([]);
    expect(await other.stop()).toMatchObject({ code: 0 });
  });

  it('refuse a second daemon for the same queue, and say who has it', async () => {
    const { root } = await many();
    const first = cyclebox(root);
    await first.heard(({ msg }) => msg?.startsWith('watching') ?? false);
    const config = await readFile(join(root, 'watch-config.json'), 'utf8');
    const other = config.replace('{', '{"state": "other-state", "outbox": "other-outbox", ');
    await writeFile(join(root, 'other.json'), other);
    const second = await workThrough(root, { config: 'other.json' });
    expect(second.code).not.toBe(0);
    expect(second.text).toContain('QUEUE_IN_USE');
    expect(second.text).toContain(`Process ${first.pid}`);
  });

  it('go on with the workers that are left when one stops in the middle, without a job being blamed', async () => {
    const { root, startWorker } = await many();
    const inputs = await dropMany(root, 16);
    const [leaving] = [await startWorker(), await startWorker()];
    const daemon = cyclebox(root, { args: ['start', '--once'] });
    await leaving.heard(({ job }) => job !== undefined);
    expect(await leaving.stop()).toMatchObject({ code: 0 });
    expect(await daemon.ended).toMatchObject({ code: 0 });
    expect(daemon.records.filter(({ code }) => code === 'WORKER_LOST')).toEqual([]);
    await expectPromiseKept(root, inputs);
  });

  const workerSteps: readonly FaultPoint[] = isFull ? ['decoded', 'inferred', 'temp-written', 'fsynced'] : ['fsynced'];

  it.for(workerSteps)('lose nothing when a worker’s machine goes down right after "%s"', async step => {
    const { root, startWorker } = await many();
    const inputs = await dropMany(root, 8);
    // Both its processes: the coordinating one by the fault, the other since it does not live without.
    const killed = await startWorker({ CYCLEBOX_FAULTS: `${step}@2` });
    const daemon = cyclebox(root, { args: ['start', '--once'] });
    expect((await killed.ended).signal).toBe('SIGKILL');
    await startWorker();
    expect(await daemon.ended, 'the daemon').toMatchObject({ code: 0 });
    await expectPromiseKept(root, inputs);
    expect(daemon.records.filter(isDone)).toHaveLength(inputs.length);
  });

  const daemonSteps: readonly FaultPoint[] = isFull
    ? ['seen', 'claimed', 'linked', 'renamed', 'committed']
    : ['renamed'];

  it.for(daemonSteps)('lose nothing when the daemon is killed right after "%s"', async step => {
    const { root, startWorker } = await many();
    const inputs = await dropMany(root, 6);
    await startWorker();
    const killed = await workThrough(root, { env: { CYCLEBOX_FAULTS: step === 'seen' ? step : `${step}@2` } });
    expect(killed.signal, killed.text).toBe('SIGKILL');
    const before = await published(root);
    const rest = await workThrough(root);
    expect(rest.code, rest.text).toBe(0);
    await expectPromiseKept(root, inputs);
    await expectUntouched(root, before);
  });

  it('do all images with a worker whose process dies again and again, and blame none of them', async () => {
    const { root, startWorker } = await many();
    // As many in the long form: of many, some image meets a dying process more than once by chance, and is set aside as it should be.
    const inputs = await dropMany(root, 6);
    // The fault is the worker's: each of its processes dies over the third image that it gets.
    await startWorker({ CYCLEBOX_FAULTS: 'inferred@3:worker' });
    const run = await workThrough(root);
    expect(run.code, run.text).toBe(0);
    await expectPromiseKept(root, inputs);
    expect(run.text).toContain('PROCESS_CRASHED');
  });
});
