/** Listening to Redis over connections that are lost, and closed just as they are there again. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connectRedis, listen } from '../../src/dispatch/redis/index.js';
import { openProxy } from '../support/cut-proxy.js';
import { hasRedis, openRedis, type TestRedis } from '../support/redis.js';

describe.runIf(hasRedis)('a listener', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await openRedis();
  });
  afterAll(() => redis.dispose());

  const open = async () => {
    const proxy = await openProxy(redis.port);
    const ears = await connectRedis(`redis://127.0.0.1:${proxy.port}`);
    onTestFinished(async () => {
      ears.disconnect();
      await proxy.dispose();
    });
    return { proxy, ears };
  };

  it('hears what is said after its connection was lost', async () => {
    const { proxy, ears } = await open();
    const mouth = await connectRedis(redis.url);
    onTestFinished(() => mouth.disconnect());
    await listen(ears, 'news', 'more');
    const heard = async (channel: string, text: string) => {
      const message = once(ears, 'message');
      // Nobody hears it before the listener is back.
      while ((await mouth.publish(channel, text)) === 0) await new Promise(resolve => setImmediate(resolve));
      return message;
    };
    expect(await heard('news', 'before')).toEqual(['news', 'before']);
    for (const round of ['first', 'second']) {
      const isLost = once(ears, 'close');
      proxy.mend();
      await isLost;
      expect(await heard('more', round)).toEqual(['more', round]);
    }
  });

  it('that is closed just as its connection is there again leaves no error to nobody', async () => {
    const { proxy, ears } = await open();
    await listen(ears, 'news');
    const left: unknown[] = [];
    const leave = (error: unknown) => void left.push(error);
    process.on('unhandledRejection', leave);
    onTestFinished(() => void process.off('unhandledRejection', leave));
    const isReady = once(ears, 'ready');
    const isEnded = once(ears, 'end');
    proxy.mend();
    await isReady;
    ears.disconnect();
    await isEnded;
    await new Promise(resolve => setImmediate(resolve));
    expect(left).toEqual([]);
  });
});
