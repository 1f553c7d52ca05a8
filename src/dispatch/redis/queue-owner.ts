/**
 * One daemon hands out the jobs of a queue. The claim is a key in Redis that expires unless it is renewed, by Redis's clock: clocks of
 * machines do not count. It keeps a second daemon from starting; what keeps results from appearing twice are the tokens of attempts.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, CycleboxError, type Disposable } from '../../base/index.js';
import type { Redis } from './connect.js';
import { within } from './within.js';

export interface OwnerOptions {
  readonly redis: Redis;
  readonly key: string;
  readonly lockMs: number;
  /** The state folder's: a daemon that was killed finds its own claim. */
  readonly state: string;
  readonly clock: Clock;
}

interface Claim {
  readonly state: string;
  readonly life: string;
  readonly host: string;
  readonly pid: number;
}

const renewScript = `
  local now = redis.call('GET', KEYS[1])
  if now and now ~= ARGV[1] then return now end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return ''`;

const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1`;

export class QueueOwner implements Disposable {
  readonly #options: OwnerOptions;
  readonly #claim: string;
  #rival: string | undefined;

  constructor(options: OwnerOptions) {
    this.#options = options;
    const claim: Claim = { state: options.state, life: randomUUID(), host: hostname(), pid: process.pid };
    this.#claim = JSON.stringify(claim);
  }

  /**
   * Takes the queue. A claim of this state folder whose process is gone is taken over; where that cannot be seen, as after a move to
   * another machine, it is waited for, for at most the time of the lock.
   * @throws QUEUE_IN_USE
   */
  async claim(): Promise<void> {
    const { redis, key, lockMs, state, clock } = this.#options;
    const endMs = clock.monotonicMs() + lockMs * 1.2;
    for (;;) {
      const rival = await this.#try();
      if (rival === undefined) return;
      const { state: theirs, host, pid } = parseClaim(rival);
      if (theirs !== state) throw inUse(rival);
      if (host === hostname() && !isOther(pid)) await redis.eval(releaseScript, 1, key, rival);
      else if (clock.monotonicMs() > endMs) throw inUse(rival);
      else await new Promise<void>(resolve => void clock.after(lockMs / 10, resolve));
    }
  }

  /** To be called again and again. */
  async renew(): Promise<void> {
    this.#rival = await this.#try();
  }

  /** @throws QUEUE_IN_USE while another has the queue */
  require(): void {
    if (this.#rival !== undefined) throw inUse(this.#rival);
  }

  async dispose(): Promise<void> {
    const { redis, key } = this.#options;
    if (redis.status === 'ready') await within(1000, redis.eval(releaseScript, 1, key, this.#claim));
  }

  async #try(): Promise<string | undefined> {
    const { redis, key, lockMs } = this.#options;
    const rival = await redis.eval(renewScript, 1, key, this.#claim, Math.ceil(lockMs));
    return rival === '' ? undefined : String(rival);
  }
}

function inUse(rival: string): CycleboxError {
  const { host, pid } = parseClaim(rival);
  const message = `Process ${pid} on ${host} hands out the jobs of this queue. Stop it, or give this one another "name" in "queue".`;
  return new CycleboxError('QUEUE_IN_USE', message);
}

function parseClaim(text: string): Partial<Claim> {
  try {
    return JSON.parse(text) as Partial<Claim>;
  } catch {
    return {};
  }
}

/** A process of this machine other than this one; in a container, every life may have the same id. */
function isOther(pid: number | undefined): boolean {
  if (pid === undefined || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
