/**
 * Connections to Redis. The client is loaded when the first is opened: who has no queue there never loads it. A connection that is
 * lost is made again by itself, for as long as it takes; commands wait meanwhile.
 */
import type { Redis } from 'ioredis';
import { CycleboxError } from '../../base/index.js';

const firstWithinMs = 10_000;

export type { Redis };

/**
 * @param url `redis://…`, or `rediss://…` with TLS
 * @throws QUEUE_UNAVAILABLE when there is no connection within ten seconds
 */
export async function connectRedis(url: string, withinMs = firstWithinMs): Promise<Redis> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    autoResubscribe: false, // See `listen`.
    connectTimeout: 5000,
    keepAlive: 10_000,
    // Longer than any command of BullMQ's blocks: a connection that is dead and does not know it is made anew.
    socketTimeout: 15_000,
    retryStrategy: times => Math.min(1000, 25 * 2 ** Math.min(times, 6)),
  });
  let fault = 'it does not answer';
  redis.on('error', error => {
    fault = error.message;
  });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      redis.disconnect();
      reject(new CycleboxError('QUEUE_UNAVAILABLE', `Redis at ${shownUrl(url)} cannot be used: ${fault}.`));
    }, withinMs);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
    redis.connect().catch(() => {});
  });
  return redis;
}

/** Without the password. */
export function shownUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
