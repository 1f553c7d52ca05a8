/**
 * A worker on a network of its own, which is cut for longer than the lock: a namespace of the kernel's behind a bridge that goes down, so
 * that frames vanish and neither side is told. Only in the full run, and where there may be such a network (Linux, root).
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { networkFault, openNetwork } from '../../tools/cuttable-network.mjs';
import { hasRedis, openRedis } from '../support/redis.js';
import { cyclebox, isDone, project } from './cyclebox-process.js';
import { drop, dropMany, expectPromiseKept, expectUntouched, published } from './promise-check.js';
import { isFull } from './scale.js';

const why = isFull ? networkFault() : undefined;
if (why !== undefined) process.stderr.write(`Tests with a cut network are skipped: ${why}\n`);

const lockMs = 2000;

describe.runIf(isFull && hasRedis && why === undefined)(
  'a worker whose network is cut for longer than its lock',
  () => {
    it('loses nothing to the others, publishes nothing late, and is at work again when there is a network', async () => {
      const network = openNetwork();
      onTestFinished(() => network.dispose());
      const redis = await openRedis(network.host);
      onTestFinished(() => redis.dispose());
      const queue = { backend: 'bullmq', redis: redis.url, name: 'cut', lockMs } as const;
      const root = await project({ queue, dashboard: { enabled: false } });
      await mkdir(join(root, 'outbox'));
      const env = { CYCLEBOX_QUEUE__REDIS: `redis://${network.host}:${redis.port}` };
      const apart = cyclebox(root, { args: ['worker'], env, within: network.within });
      await apart.heard(({ msg }) => msg?.startsWith('the worker') ?? false);
      const daemon = cyclebox(root);
      const inputs = await dropMany(root, 24);
      await apart.heard(({ job }) => job !== undefined);

      network.cut();
      await daemon.heard(({ msg }) => / is lost/.test(msg ?? ''));
      const other = cyclebox(root, { args: ['worker'] });
      await daemon.until(() => daemon.records.filter(isDone).length === inputs.length);
      await expectPromiseKept(root, inputs);
      const before = await published(root);

      const known = apart.records.length;
      network.mend();
      expect(await other.stop()).toMatchObject({ code: 0 });
      const late = 'day-to-night/late.png';
      await drop(root, late, inputs.length);
      await apart.heard(record => apart.records.indexOf(record) >= known && record['job'] !== undefined);
      await daemon.until(() => daemon.records.filter(isDone).length === inputs.length + 1);
      expect(await daemon.stop()).toMatchObject({ code: 0 });
      await expectPromiseKept(root, [...inputs, late]);
      await expectUntouched(root, before);
    });
  },
);
