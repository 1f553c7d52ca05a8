/** What goes wrong between workers and their bucket, with a real Redis: whose fault it is stands still, and nothing is lost. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256File } from '../../src/base/index.js';
import { ModelCache, S3Store, type ServeEvent } from '../../src/dispatch/index.js';
import { openProxy } from '../support/cut-proxy.js';
import { temporaryFolder } from '../support/pictures.js';
import { freePort, hasRedis, openRedis, type TestRedis } from '../support/redis.js';
import { openS3, type TestS3 } from '../support/s3-server.js';
import { CopyingRunner, latch, openRemote, type RemoteBench, type RemoteOptions } from './backends.js';
import { s3Stores } from './stores.js';

const names = (count: number) => Array.from({ length: count }, (_, index) => `${String(index).padStart(3, '0')}.png`);

describe.runIf(hasRedis)('dispatch with a bucket', () => {
  let redis: TestRedis;
  let s3: TestS3;
  let bench: RemoteBench | undefined;
  beforeAll(async () => {
    redis = await openRedis();
  });
  beforeEach(async () => {
    s3 = await openS3();
  });
  afterEach(async () => {
    await bench?.dispose();
    bench = undefined;
    await s3.dispose();
  });
  afterAll(() => redis.dispose());

  const open = async (options: Partial<RemoteOptions> = {}) => {
    const stores = s3Stores(s3);
    bench = await openRemote({ url: redis.url, stores: () => stores, ...options });
    const warnings: string[] = [];
    bench.remote.onEvent(event => event.type === 'warning' && warnings.push(event.error.toString()));
    return { ...bench, ...stores, warnings };
  };

  it('loses nothing when the server is lost with all that was on the way, and comes back empty', async () => {
    const { drop, work, outputs, runner, root, of } = await open({ workerCount: 2, concurrency: 2 });
    const [begun, goOn] = [latch(), latch()];
    runner.doing = async () => {
      if (runner.ran.length < 8) return;
      begun.open();
      await goOn.opened;
    };
    await drop(...names(20));
    const worked = work();
    await begun.opened;
    await s3.dispose();
    goOn.open();
    s3 = await openS3({ port: s3.port });
    await worked;
    expect(await outputs()).toEqual(names(20));
    for (const name of names(20)) expect(await readFile(join(root, 'outbox', name), 'utf8')).toBe(name);
    expect(of('failed')).toEqual([]);
    expect([...s3.objects.keys()]).toEqual([]);
  });

  it('takes out a worker that cannot reach the bucket, and takes it back when it can', async () => {
    const { drop, work, outputs, runner, addWorker, place, of } = await open({ workerCount: 1 });
    const port = await freePort();
    const store = new S3Store({ ...place, endpoint: `http://127.0.0.1:${port}` });
    const far = new CopyingRunner();
    const [cutOff, back] = [latch(), latch()];
    const worker = await addWorker({ runner: far, store });
    worker.onEvent((event: ServeEvent) => void (event.type === 'warning' && cutOff.open()));
    // The near one waits, so that the far one gets its share.
    runner.doing = () => cutOff.opened;
    await drop(...names(10));
    await work();
    expect(await outputs()).toEqual(names(10));
    expect(far.ran).toEqual([]);
    expect([of('failed'), of('paused'), of('retrying')]).toEqual([[], [], []]);
    const proxy = await openProxy(s3.port, port);
    far.doing = () => back.open();
    runner.doing = () => back.opened;
    await drop('again-0.png', 'again-1.png', 'again-2.png', 'again-3.png');
    await work();
    expect(far.ran.length).toBeGreaterThan(0);
    await proxy.dispose();
    await store.dispose();
  });

  it('gives no job to a worker that has another store, and says so', async () => {
    const { drop, work, outputs, runner, addWorker, place, warnings } = await open({ workerCount: 0 });
    const store = new S3Store({ ...place, prefix: 'elsewhere/' });
    const other = new CopyingRunner();
    await addWorker({ runner: other, store });
    await drop(...names(3));
    const worked = work();
    await addWorker();
    await worked;
    expect(await outputs()).toEqual(names(3));
    expect([other.ran, runner.ran.length]).toEqual([[], 3]);
    expect(warnings.join()).toMatch(/STORE_UNAVAILABLE.*s3:\/\/images\/elsewhere\/.*"store"/);
    await store.dispose();
  });

  it('brings a model to two workers that lack it, once to each, and to nobody who does not ask', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.onnx'), 'weights');
    const sha256 = await sha256File(join(folder, 'a.onnx'));
    const translation = { key: 'copy', version: `${sha256}@512` };
    const asked: string[] = [];
    const { drop, work, outputs, addWorker, worker, of } = await open({
      workerCount: 0,
      route: () => ({ kind: 'translate', translation }),
      modelOf: async hash => {
        asked.push(hash);
        return { sha256: hash, folder, files: ['a.onnx'] };
      },
    });
    const caches = [join(folder, 'one'), join(folder, 'two')];
    const both = latch();
    const runners = caches.map(cache => {
      const runner = new CopyingRunner();
      const models = new ModelCache({ folder: cache, maxBytes: 1e9, store: worker, sumOf: sha256File });
      runner.doing = async () => {
        expect(await readFile(await models.get(sha256), 'utf8')).toBe('weights');
        runner.ran.push('fetched');
        if (runners.every(({ ran }) => ran.includes('fetched'))) both.open();
        await both.opened;
      };
      return runner;
    });
    const describes = { translations: [], fetchable: [{ key: 'copy', version: '*@512' }] };
    for (const runner of runners) await addWorker({ runner, describes, slots: 2 });
    await drop(...names(12));
    await work();
    expect(await outputs()).toEqual(names(12));
    expect([of('failed'), of('retrying')]).toEqual([[], []]);
    const modelReads = s3.calls.filter(({ what, key }) => what === 'GET' && key.includes('/files/'));
    expect(modelReads).toHaveLength(2);
    expect(new Set(asked)).toEqual(new Set([sha256]));
    const modelWrites = s3.calls.filter(({ what, key }) => what === 'PUT' && key.includes('models/'));
    expect(modelWrites).toHaveLength(2);
    for (const cache of caches) expect(await readdir(cache)).toEqual([sha256]);
  });

  it('leaves a job for a worker that has the model where neither the others nor this machine have it', async () => {
    const translation = { key: 'copy', version: `${'b'.repeat(64)}@512` };
    const { drop, work, outputs, addWorker, worker, of } = await open({
      workerCount: 0,
      route: () => ({ kind: 'translate', translation }),
    });
    const lacking = new CopyingRunner();
    const models = new ModelCache({ folder: await temporaryFolder(), maxBytes: 1, store: worker, sumOf: sha256File });
    lacking.doing = async () => void (await models.get('b'.repeat(64)));
    await addWorker({
      runner: lacking,
      describes: { translations: [], fetchable: [{ key: 'copy', version: '*@512' }] },
    });
    await drop('000.png');
    const worked = work();
    const unserved = latch();
    bench?.inbox.onEvent(
      event => void (event.type === 'retrying' && event.error.code === 'NO_WORKER' && unserved.open()),
    );
    await unserved.opened;
    await addWorker({ describes: { translations: [translation] } });
    await worked;
    expect(await outputs()).toEqual(['000.png']);
    expect(of('failed')).toEqual([]);
  });
});
