/** What both halves of a worker have in common, the one that translates and the one that trains. */
import { DisposableStore, toDisposable } from '../../base/index.js';
import { connectRedis, type Redis } from './connect.js';

/** At an end, for what goes over a connection that may be dead. */
export const patienceMs = 2000;

/** For BullMQ's count of stalled attempts: it never decides that something has failed. */
export const endlessly = 1_000_000_000;

/** The connections of a service: one for commands, and one that listens, on which nothing else can be said. */
export interface ServiceConnections {
  readonly redis: Redis;
  readonly ears: Redis;
  /** Both, and what else ends with the service. */
  readonly opened: DisposableStore;
}

/**
 * Connects, and opens a service over that; what is open is closed where it fails.
 * @throws QUEUE_UNAVAILABLE, or what `open` does
 */
export async function openService<T>(url: string, open: (connections: ServiceConnections) => Promise<T>): Promise<T> {
  const opened = new DisposableStore();
  try {
    const connect = async () => {
      const redis = await connectRedis(url);
      opened.add(toDisposable(() => redis.disconnect()));
      return redis;
    };
    const [redis, ears] = [await connect(), await connect()];
    return await open({ redis, ears, opened });
  } catch (error) {
    await opened.dispose();
    throw error;
  }
}
