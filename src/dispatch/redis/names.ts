/** What things are called in Redis. All names of one queue have one hash tag, so that a cluster keeps them on one node. */
export interface QueueNames {
  /** Before everything, BullMQ's keys included. */
  readonly prefix: string;
  /** Who hands out the jobs. */
  readonly owner: string;
  /** The set of the workers' ids. */
  readonly workers: string;
  /** A worker's introduction, which expires when it is not repeated. */
  worker(id: string): string;
  /** Told when a worker has come, has changed or goes. */
  readonly hello: string;
  /** Told the token of an attempt that is to be given up, `*` for all, or `recallMark` and a token: unless it has begun. */
  readonly cancel: string;
}

export const recallMark = '?';

export function namesOf(queue: string): QueueNames {
  const prefix = `{cyclebox:${queue}}`;
  return {
    prefix,
    owner: `${prefix}:owner`,
    workers: `${prefix}:workers`,
    worker: id => `${prefix}:worker:${id}`,
    hello: `${prefix}:hello`,
    cancel: `${prefix}:cancel`,
  };
}
