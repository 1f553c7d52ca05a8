/** The ways in which an inbox has its jobs done, behind one face, so that one suite can ask the same of both. */
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CycleboxError, DisposableStore, type ErrorCode } from '../../src/base/index.js';
import {
  RemoteRunner,
  type RemoteRunnerOptions,
  type Served,
  type ServeOptions,
  serveJobs,
  type WorkerStore,
} from '../../src/dispatch/index.js';
import {
  Inbox,
  type InboxEvent,
  type InboxOptions,
  type Router,
  type Runner,
  type RunReport,
  type RunRequest,
} from '../../src/inbox/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { hasRedis, openRedis, type TestRedis } from '../support/redis.js';
import { openS3, type TestS3 } from '../support/s3-server.js';
import { type StoreSides, s3Stores, sharedFolders } from './stores.js';

export const fault = (code: ErrorCode) => new CycleboxError(code, `${code}, as the test wants it`);

/** What stands for the work: copies files, and does before that what the test says. */
export class CopyingRunner implements Runner {
  readonly ran: string[] = [];
  running = 0;
  most = 0;
  /** Called at each run, from 1 for each file; what it throws is how the run fails. */
  doing: (name: string, run: number, request: RunRequest) => Promise<void> | void = () => {};

  run = async (request: RunRequest): Promise<RunReport> => {
    const name = basename(request.path);
    this.ran.push(name);
    this.running++;
    this.most = Math.max(this.most, this.running);
    try {
      await this.doing(name, this.ran.filter(one => one === name).length, request);
      if (request.signal.aborted) throw new CycleboxError('CANCELLED', 'aborted');
      await mkdir(dirname(request.temporary), { recursive: true });
      await copyFile(request.source, request.temporary);
      const times = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
      return { name, width: 1, height: 1, bytes: 1, tiles: 1, ...times };
    } finally {
      this.running--;
    }
  };
}

/** Resolves when the signal is aborted. */
export const untilAborted = ({ signal }: RunRequest) =>
  new Promise<void>(resolve => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** A promise and what resolves it. */
export function latch(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

export const quickLockMs = 1500;

/** One folder with an inbox, an outbox and a state, and who works on it. */
export interface Bench {
  readonly root: string;
  readonly runner: CopyingRunner;
  readonly inbox: Inbox;
  readonly events: readonly InboxEvent[];
  of<T extends InboxEvent['type']>(type: T): readonly Extract<InboxEvent, { type: T }>[];
  next<T extends InboxEvent['type']>(type: T): Promise<void>;
  drop(...names: string[]): Promise<void>;
  outputs(): Promise<readonly string[]>;
  /** Scans and works until nothing is left. */
  work(): Promise<void>;
  dispose(): Promise<void>;
}

export interface BenchOptions extends Partial<InboxOptions> {
  readonly root?: string;
  readonly runner?: CopyingRunner;
  /** Jobs at a time. */
  readonly concurrency?: number;
}

export interface Backend {
  readonly name: string;
  readonly isThere: boolean;
  open(options?: BenchOptions): Promise<Bench>;
  dispose(): Promise<void>;
}

export const route: Router = () => ({ kind: 'translate', translation: { key: 'copy', version: 'v1' } });

async function openBench(
  options: BenchOptions,
  runner: CopyingRunner,
  work: Runner,
  concurrency: number,
  opened: DisposableStore,
): Promise<Bench> {
  const root = options.root ?? (await temporaryFolder());
  const folders = { inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, 'state') };
  const quick = { settleMs: 1, decodeGraceMs: 0, watch: false };
  const waits = { retryBackOff: { firstMs: 2, maxMs: 8 }, probeBackOff: { firstMs: 2, maxMs: 8 } };
  const { runner: _runner, root: _root, ...more } = options;
  const inbox = opened.add(
    await Inbox.open({ ...folders, route, ...quick, ...waits, ...more, runner: work, concurrency }),
  );
  const events: InboxEvent[] = [];
  inbox.onEvent(event => events.push(event));
  let isStarted = false;
  return {
    ...{ root, runner, inbox, events },
    of: <T extends InboxEvent['type']>(type: T) =>
      events.filter((event): event is Extract<InboxEvent, { type: T }> => event.type === type),
    next: type =>
      new Promise(resolve => {
        inbox.onEvent(event => void (event.type === type && resolve()));
      }),
    async drop(...names) {
      for (const name of names) {
        await mkdir(dirname(join(folders.inbox, name)), { recursive: true });
        await writeFile(join(folders.inbox, name), name);
      }
    },
    outputs: async () => (await readdir(folders.outbox)).filter(name => name !== '.cyclebox').sort(),
    async work() {
      if (isStarted) await inbox.scan();
      else await inbox.start();
      isStarted = true;
      await inbox.whenIdle();
    },
    dispose: () => opened.dispose(),
  };
}

export const localBackend: Backend = {
  name: 'on this machine',
  isThere: true,
  async open(options = {}) {
    const runner = options.runner ?? new CopyingRunner();
    return openBench(options, runner, runner, options.concurrency ?? 1, new DisposableStore());
  },
  dispose: async () => {},
};

export interface RemoteBench extends Bench {
  /** The queue's. */
  readonly name: string;
  readonly remote: RemoteRunner;
  readonly workers: readonly Served[];
  addWorker(options?: {
    readonly runner?: CopyingRunner;
    readonly slots?: number;
    readonly url?: string;
    readonly store?: WorkerStore;
    /** In place of "copy" in the version "v1". */
    readonly describes?: Partial<ReturnType<ServeOptions['describe']>>;
  }): Promise<Served>;
}

export interface RemoteOptions extends BenchOptions {
  readonly url: string;
  /** At the start; each takes `concurrency` jobs at a time. */
  readonly workerCount?: number;
  readonly lockMs?: number;
  readonly stores?: (root: string) => StoreSides;
  readonly modelOf?: RemoteRunnerOptions['modelOf'];
}

/** An inbox whose jobs are done by workers that stand in this process, behind a real Redis. */
export async function openRemote(options: RemoteOptions): Promise<RemoteBench> {
  const opened = new DisposableStore();
  const root = options.root ?? (await temporaryFolder());
  const {
    url,
    workerCount = 1,
    lockMs = quickLockMs,
    stores = sharedFolders,
    concurrency = 1,
    modelOf,
    ...rest
  } = options;
  const runner = options.runner ?? new CopyingRunner();
  const { watcher, worker: workerStore } = stores(root);
  for (const folder of ['inbox', 'outbox']) await mkdir(join(root, folder), { recursive: true });
  const name = basename(root);
  const common = { name, lockMs };
  const remote = opened.add(new RemoteRunner({ ...common, redis: url, store: watcher, modelOf }));
  const bench = await openBench({ ...rest, root }, runner, remote.runner, 0, opened);
  remote.onEvent(event => {
    if (event.type === 'capacity') bench.inbox.apply({ concurrency: event.size });
  });
  const workers: Served[] = [];
  const addWorker: RemoteBench['addWorker'] = async (own = {}) => {
    const features = { translations: [{ key: 'copy', version: 'v1' }], fetchable: [], loaded: [], devices: [] };
    const describe = () => ({ ...features, slots: own.slots ?? concurrency, ...own.describes });
    const worker = await serveJobs({
      ...{ ...common, redis: own.url ?? url, runner: own.runner ?? runner, describe },
      store: own.store ?? workerStore,
    });
    workers.push(opened.add(worker));
    return worker;
  };
  for (let index = 0; index < workerCount; index++) await addWorker();
  const start = bench.work;
  let isStarted = false;
  return {
    ...bench,
    ...{ name, remote, workers, addWorker },
    async work() {
      if (!isStarted) await remote.start(root);
      isStarted = true;
      await start();
    },
  };
}

let redis: Promise<TestRedis> | undefined;

export const redisBackend: Backend = {
  name: 'on workers behind Redis',
  isThere: hasRedis,
  async open(options = {}) {
    redis ??= openRedis();
    return openRemote({ ...options, url: (await redis).url });
  },
  async dispose() {
    await (await redis)?.dispose();
    redis = undefined;
  },
};

let s3: Promise<TestS3> | undefined;

export const bucketBackend: Backend = {
  name: 'on workers behind Redis and a bucket',
  isThere: hasRedis,
  async open(options = {}) {
    redis ??= openRedis();
    s3 ??= openS3();
    const bucket = await s3;
    return openRemote({ ...options, url: (await redis).url, stores: () => s3Stores(bucket) });
  },
  async dispose() {
    await redisBackend.dispose();
    await (await s3)?.dispose();
    s3 = undefined;
  },
};

export const backends = [localBackend, redisBackend, bucketBackend];
