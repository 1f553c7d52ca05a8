/** What goes wrong between a watcher and its workers, with a real Redis: counts of lost and doubled are zero; late is what they may be. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DisposableStore } from '../../src/base/index.js';
import { RemoteRunner } from '../../src/dispatch/index.js';
import { type CutProxy, openProxy } from '../support/cut-proxy.js';
import { hasRedis, openRedis, type TestRedis } from '../support/redis.js';
import { openS3, type TestS3 } from '../support/s3-server.js';
import { CopyingRunner, latch, openRemote, quickLockMs, type RemoteBench, untilAborted } from './backends.js';
import { type StoreSides, s3Stores, sharedFolders } from './stores.js';

const names = (count: number) => Array.from({ length: count }, (_, index) => `${String(index).padStart(3, '0')}.png`);

type StoresOf = (root: string) => StoreSides;

/** For what concerns the way of a result; the rest is the same whatever it goes through. */
const kinds: readonly { readonly name: string; readonly stores: (s3: TestS3) => StoresOf }[] = [
  { name: 'in shared folders', stores: () => sharedFolders },
  { name: 'in a bucket', stores: s3 => () => s3Stores(s3) },
];

describe.runIf(hasRedis)('dispatch', () => {
  let redis: TestRedis;
  let s3: TestS3;
  const opened = new DisposableStore();
  let bench: RemoteBench | undefined;
  beforeAll(async () => {
    redis = await openRedis();
    s3 = await openS3();
  });
  afterEach(async () => {
    await bench?.dispose();
    bench = undefined;
  });
  afterAll(async () => {
    await opened.dispose();
    await redis.dispose();
    await s3.dispose();
  });

  const open = async (options: Partial<Parameters<typeof openRemote>[0]> = {}) => {
    bench = await openRemote({ url: redis.url, ...options });
    return bench;
  };

  /** Each input is there once, as itself. */
  const expectPromise = async ({ root, outputs, of }: RemoteBench, count: number) => {
    expect(await outputs()).toEqual(names(count));
    for (const name of names(count)) expect(await readFile(join(root, 'outbox', name), 'utf8')).toBe(name);
    expect(
      of('done')
        .map(({ path }) => path)
        .sort(),
    ).toEqual(names(count));
  };

  /** Works through `count` jobs, and does `harm` while some of them run. */
  const throughHarm = async (count: number, harm: () => Promise<void>, stores: StoresOf = sharedFolders) => {
    const all = await open({ workerCount: 2, concurrency: 2, stores });
    const [begun, goOn] = [latch(), latch()];
    all.runner.doing = async () => {
      if (all.runner.ran.length < 8) return;
      begun.open();
      await goOn.opened;
    };
    await all.drop(...names(count));
    const worked = all.work();
    await begun.opened;
    await harm();
    goOn.open();
    await worked;
    return all;
  };

  it('loses nothing when Redis is killed and comes back with its disk', async () => {
    const all = await throughHarm(40, async () => {
      await redis.kill();
      await redis.start(true);
    });
    await expectPromise(all, 40);
  });

  it.each(kinds)('loses nothing when Redis is killed and comes back with nothing, $name', async ({ stores }) => {
    const harm = async () => {
      await redis.kill();
      await redis.start(false);
    };
    const all = await throughHarm(40, harm, stores(s3));
    await expectPromise(all, 40);
  });

  it('loses nothing when Redis forgets everything while it runs', async () => {
    const all = await throughHarm(40, async () => {
      const client = new Redis(redis.url);
      await client.flushall();
      client.disconnect();
    });
    await expectPromise(all, 40);
    expect(all.of('failed')).toEqual([]);
  });

  it.each(kinds)('publishes nothing of a worker cut off for longer than its lock that comes back, $name', async one => {
    const proxy = opened.add(await openProxy(redis.port));
    const all = await open({ workerCount: 0, stores: one.stores(s3) });
    const late = new CopyingRunner();
    const [begun, goOn, ended] = [latch(), latch(), latch()];
    late.doing = async () => {
      begun.open();
      await goOn.opened;
    };
    const slow = await all.addWorker({ runner: late, url: `redis://127.0.0.1:${proxy.port}` });
    slow.onEvent(event => event.type === 'ended' && ended.open());
    await all.drop('000.png');
    const worked = all.work();
    await begun.opened;
    proxy.cut();
    await all.addWorker();
    await worked;
    expect(all.runner.ran).toEqual(['000.png']);
    const inode = async () => (await stat(join(all.root, 'outbox/000.png'))).ino;
    const before = await inode();
    goOn.open();
    await ended.opened;
    proxy.mend();
    await all.drop('001.png');
    await all.work();
    await expectPromise(all, 2);
    expect(await inode()).toBe(before);
    expect(late.ran).toContain('000.png');
  });

  it('hands a lost worker’s jobs to others within the time of the lock and half of it', async () => {
    const proxy = opened.add(await openProxy(redis.port));
    const all = await open({ workerCount: 0 });
    const stuck = new CopyingRunner();
    const begun = latch();
    stuck.doing = async (_name, _run, request) => {
      begun.open();
      await untilAborted(request);
    };
    await all.addWorker({ runner: stuck, url: `redis://127.0.0.1:${proxy.port}` });
    await all.drop('000.png');
    const worked = all.work();
    await begun.opened;
    proxy.cut();
    const startMs = performance.now();
    await all.addWorker();
    await worked;
    const ms = performance.now() - startMs;
    expect(all.of('retrying')).toMatchObject([{ error: { code: 'WORKER_LOST' } }]);
    // A machine with other things to do may take its time.
    expect(ms).toBeLessThan(quickLockMs * 1.5 + 5000);
    proxy.mend();
  });

  it('quarantines what is lost with its worker again and again, even alone', async () => {
    const all = await open({ workerCount: 0, lockMs: 600 });
    await all.drop('bad.png');
    const worked = all.work();
    let runs = 0;
    const proxies: CutProxy[] = [];
    const addDoomed = async () => {
      const proxy = opened.add(await openProxy(redis.port));
      proxies.push(proxy);
      const doomed = new CopyingRunner();
      doomed.doing = async (_name, _run, request) => {
        runs++;
        proxy.cut();
        void addDoomed();
        await untilAborted(request);
      };
      await all.addWorker({ runner: doomed, url: `redis://127.0.0.1:${proxy.port}` });
      return proxy;
    };
    await addDoomed();
    await worked;
    expect(all.of('failed')).toMatchObject([{ path: 'bad.png', quarantined: true, error: { code: 'WORKER_LOST' } }]);
    expect(runs).toBe(4);
    // Those that are cut off would wait for an answer when they stop.
    for (const proxy of proxies) proxy.mend();
  });

  it('pauses when the watcher has no connection, leaves what runs alone, and goes on when there is one', async () => {
    const proxy = opened.add(await openProxy(redis.port));
    const all = await open({ url: `redis://127.0.0.1:${proxy.port}`, workerCount: 0, concurrency: 1 });
    await all.addWorker({ url: redis.url });
    const [begun, goOn] = [latch(), latch()];
    all.runner.doing = async () => {
      begun.open();
      await goOn.opened;
    };
    await all.drop(...names(6));
    const worked = all.work();
    await begun.opened;
    proxy.cut();
    goOn.open();
    proxy.mend();
    await worked;
    await expectPromise(all, 6);
  });

  it('refuses a second watcher until the first has gone', async () => {
    const all = await open({ workerCount: 0 });
    await all.work();
    const { name } = all;
    const store = sharedFolders(all.root).watcher;
    const second = new RemoteRunner({ redis: redis.url, name, lockMs: quickLockMs, store });
    await expect(second.start('another state')).rejects.toMatchObject({ code: 'QUEUE_IN_USE' });
    await second.dispose();
    await all.dispose();
    bench = undefined;
    const third = new RemoteRunner({ redis: redis.url, name, lockMs: quickLockMs, store });
    await third.start('another state');
    await third.dispose();
  });

  it('does not begin a job again that BullMQ brings a second time', async () => {
    const all = await open({ workerCount: 0 });
    await all.drop('000.png');
    const [begun, goOn] = [latch(), latch()];
    all.runner.doing = async () => {
      begun.open();
      await goOn.opened;
    };
    const worker = await all.addWorker();
    const worked = all.work();
    await begun.opened;
    const client = new Redis(redis.url);
    const [lock] = await client.keys('*:lock');
    // As when its process stood still for too long: BullMQ finds it stalled, and brings it again.
    await client.del(lock ?? '');
    client.disconnect();
    goOn.open();
    await worked;
    await expectPromise(all, 1);
    expect(worker.running).toBe(0);
  });
});
