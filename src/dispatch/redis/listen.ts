/**
 * Listens to channels of Redis. After a lost connection the client would subscribe again by itself, and leave the promise of that to
 * nobody: a process that closes the connection just then would end for it. So it is told not to (`connectRedis`), and this does it.
 */
import type { Redis } from './connect.js';

/** Resolves when it hears; from then on it hears after each lost connection, too. @throws what the client throws */
export async function listen(redis: Redis, ...channels: readonly [string, ...string[]]): Promise<void> {
  await redis.subscribe(...channels);
  // Where this fails the connection is gone again, and the next one brings the next try.
  redis.on('ready', () => void redis.subscribe(...channels).catch(() => {}));
}
