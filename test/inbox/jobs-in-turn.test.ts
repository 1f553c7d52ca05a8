import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore, type ErrorCode } from '../../src/base/index.js';
import {
  type CurrentTranslation,
  Inbox,
  type InboxEvent,
  type InboxOptions,
  Journal,
  openQueue,
  type PrefetchRequest,
  type Router,
  type Runner,
  type RunRequest,
} from '../../src/inbox/index.js';
import { temporaryFolder } from '../support/pictures.js';

let opened: DisposableStore;
let root: string;

beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
});
afterEach(() => opened.dispose());

type Fault = CycleboxError | undefined;

/** Copies files; `faultOf` says what goes wrong with the nth run of a file, from 1. */
class CopyingRunner implements Runner {
  readonly ran: string[] = [];
  readonly together: number[] = [];
  faultOf: (name: string, run: number) => Fault | Promise<Fault> = () => undefined;
  beforeDecoded: (name: string) => Promise<void> = async () => {};
  isWell = true;
  selfTests = 0;
  /** Whether it refuses what may still be being written. */
  isWary = false;
  /** What was prepared before its turn, and what comes of that. */
  readonly prepared: string[] = [];
  outcomeOfPreparing: (name: string) => Promise<void> = async () => {};
  #atOnce = 0;

  prefetch({ source }: PrefetchRequest): Promise<void> {
    this.prepared.push(basename(source));
    return this.outcomeOfPreparing(basename(source));
  }

  async run(request: RunRequest) {
    const name = basename(request.source);
    this.ran.push(name);
    this.#atOnce++;
    this.together.push(this.#atOnce);
    try {
      const run = this.ran.filter(one => one === name).length;
      await this.beforeDecoded(name);
      request.onDecoded?.();
      const fault = await this.faultOf(name, run);
      if (fault) throw fault;
      if (this.isWary && request.mayGrow) throw new CycleboxError('IMAGE_CORRUPT', 'it ends in zeros');
      await mkdir(dirname(request.temporary), { recursive: true });
      await copyFile(request.source, request.temporary);
      const times = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
      return { name, width: 1, height: 1, bytes: 1, tiles: 1, ...times };
    } finally {
      this.#atOnce--;
    }
  }

  async selfTest(): Promise<void> {
    this.selfTests++;
    if (!this.isWell) throw new CycleboxError('PROCESS_CRASHED', 'it crashed again');
  }
}

const fault = (code: ErrorCode, systemCode?: string) => {
  const cause = systemCode === undefined ? undefined : Object.assign(new Error(systemCode), { code: systemCode });
  return new CycleboxError(code, `${code} ${systemCode ?? ''}`, { cause });
};

const route: Router = () => ({ kind: 'translate', translation: { key: 'copy', version: 'v1' } });

async function drop(...names: string[]): Promise<void> {
  await mkdir(join(root, 'inbox'), { recursive: true });
  for (const name of names) await writeFile(join(root, 'inbox', name), name);
}

async function outputs(): Promise<string[]> {
  return (await readdir(join(root, 'outbox'))).filter(name => name !== '.cyclebox').sort();
}

const folders = () => ({ inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, 'state') });

async function open(more: Partial<InboxOptions> = {}) {
  const runner = new CopyingRunner();
  const events: InboxEvent[] = [];
  const quick = { settleMs: 1, decodeGraceMs: 0, watch: false };
  const waits = { retryBackOff: { firstMs: 2, maxMs: 8 }, probeBackOff: { firstMs: 2, maxMs: 8 } };
  const inbox = opened.add(await Inbox.open({ ...folders(), route, runner, ...quick, ...waits, ...more }));
  inbox.onEvent(event => events.push(event));
  const of = <T extends InboxEvent['type']>(type: T) =>
    events.filter((event): event is Extract<InboxEvent, { type: T }> => event.type === type);
  const next = <T extends InboxEvent['type']>(type: T) =>
    new Promise<void>(resolve => {
      inbox.onEvent(event => void (event.type === type && resolve()));
    });
  const work = async () => {
    await inbox.start();
    await inbox.whenIdle();
  };
  return { inbox, runner, events, of, next, work };
}

describe('a job that is prepared before its turn', () => {
  /** All are in the queue before the first of them is decoded. */
  const allQueued = async (names: readonly string[]) => {
    const opening = await open();
    const queued = new Promise<void>(resolve => {
      opening.inbox.onEvent(() => void (opening.of('seen').length === names.length && setImmediate(resolve)));
    });
    opening.runner.beforeDecoded = () => queued;
    return opening;
  };

  it('is the next, once the one before has been decoded, and is no attempt', async () => {
    const names = ['a.png', 'b.png', 'c.png'];
    await drop(...names);
    const { runner, of, work } = await allQueued(names);
    runner.outcomeOfPreparing = async () => {
      throw fault('CANCELLED');
    };
    await work();
    expect(runner.prepared).toEqual(runner.ran.slice(1));
    expect(runner.ran.toSorted()).toEqual(names);
    expect(of('started').map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    expect(await outputs()).toEqual(names);
  });

  it('leaves open whose fault a crash was meanwhile: the one that ran is tried alone, and nothing is held against it', async () => {
    const names = ['a.png', 'b.png'];
    await drop(...names);
    const { runner, of, work } = await allQueued(names);
    runner.outcomeOfPreparing = () => Promise.reject(fault('PROCESS_CRASHED'));
    let crashes = 0;
    runner.faultOf = () => (crashes++ === 0 ? fault('PROCESS_CRASHED') : undefined);
    await work();
    const [first, second] = runner.ran;
    expect(runner.ran.toSorted()).toEqual([...names, first].toSorted());
    expect(second).toBeDefined();
    expect(of('failed')).toEqual([]);
    expect(of('retrying')).toEqual([]);
    expect(await outputs()).toEqual(names);
  });

  it('counts a crash after it has been prepared against the one that ran', async () => {
    const names = ['a.png', 'b.png'];
    await drop(...names);
    const { runner, of, work } = await allQueued(names);
    let crashes = 0;
    runner.faultOf = async () => {
      await new Promise(resolve => setImmediate(resolve));
      return crashes++ === 0 ? fault('PROCESS_CRASHED') : undefined;
    };
    await work();
    expect(of('retrying')).toHaveLength(1);
    expect(await outputs()).toEqual(names);
  });
});

describe('a failure that may pass', () => {
  it('is tried again after growing waits, then stands', async () => {
    await drop('a.png');
    const { runner, of, work, inbox } = await open({ maxAttempts: 4 });
    runner.faultOf = () => fault('FILE_UNREADABLE', 'EBUSY');
    await work();
    expect(runner.ran).toHaveLength(4);
    const delays = of('retrying').map(event => event.delayMs);
    expect(delays).toHaveLength(3);
    expect(delays[2]).toBeGreaterThan(delays[0]!);
    expect(inbox.failures).toMatchObject([{ path: 'a.png', error: { code: 'FILE_UNREADABLE' } }]);
  });

  it('does not keep other files waiting', async () => {
    await drop('a.png', 'b.png');
    const { runner, work } = await open();
    runner.faultOf = (name, run) => (name === 'a.png' && run === 1 ? fault('ENGINE_FAILED') : undefined);
    await work();
    expect(runner.ran).toEqual(['a.png', 'b.png', 'a.png']);
    expect(await outputs()).toEqual(['a.png', 'b.png']);
  });

  it('is told from one that cannot pass, which is not tried again', async () => {
    await drop('a.png');
    const { runner, work, inbox } = await open();
    runner.faultOf = () => fault('IMAGE_UNSUPPORTED');
    await work();
    expect(runner.ran).toHaveLength(1);
    expect(inbox.counts()).toEqual({ failed: 1 });
  });

  it('of decoding is tried again only while the file has changed but lately', async () => {
    await drop('a.png');
    const { runner, work } = await open({ decodeGraceMs: 3000 });
    runner.faultOf = (_name, run) => (run < 3 ? fault('IMAGE_CORRUPT') : undefined);
    await work();
    expect(await outputs()).toEqual(['a.png']);
  });
});

describe('what looks unfinished', () => {
  it('is refused while the file has changed but lately, and then taken as it is', async () => {
    await drop('a.png');
    const { inbox, runner, work } = await open({ decodeGraceMs: 400 });
    runner.isWary = true;
    await work();
    expect(await outputs()).toEqual(['a.png']);
    expect(runner.ran.length).toBeGreaterThan(1);
    expect(inbox.counts()).toEqual({ done: 1 });
  });
});

describe('what goes wrong before a job could begin', () => {
  it('counts as an attempt, and stops nothing else', async () => {
    await drop('a.png', 'b.png');
    const refused = fault('INTERNAL', 'EACCES');
    const current: CurrentTranslation = ({ path, translation: key, version }) => {
      if (path === 'a.png') throw refused;
      return { key, version };
    };
    const { inbox, of, work } = await open({ maxAttempts: 3, current });
    await work();
    expect(inbox.counts()).toEqual({ done: 1, failed: 1 });
    expect(of('paused')).toEqual([]);
  });
});

describe('a fault of the environment', () => {
  for (const [code, systemCode] of [
    ['WRITE_FAILED', 'ENOSPC'],
    ['WORKER_UNAVAILABLE', undefined],
  ] as const) {
    it(`(${systemCode ?? code}) pauses the queue, burns no attempt, and ends by itself`, async () => {
      await drop('a.png', 'b.png');
      const { runner, of, work, inbox } = await open({ maxAttempts: 1 });
      runner.faultOf = (_name, run) => (run < 4 ? fault(code, systemCode) : undefined);
      await work();
      expect(await outputs()).toEqual(['a.png', 'b.png']);
      expect(of('paused').length).toBeGreaterThan(2);
      expect(of('paused')[0]).toMatchObject({ by: 'environment', reason: expect.stringContaining(code) });
      expect(of('resumed')).toHaveLength(of('paused').length);
      expect(of('failed')).toEqual([]);
      expect(inbox.status().pause).toBeUndefined();
    });
  }

  for (const systemCode of ['EACCES', 'EPERM', 'ENOTDIR', 'EROFS'])
    it(`is none where only some outputs cannot be written (${systemCode}): they wait, and keep nobody waiting`, async () => {
      const bad = Array.from({ length: 9 }, (_, i) => `bad${i}.png`);
      await drop(...bad, 'fine.png');
      const { runner, of, work, inbox } = await open({ maxAttempts: 1 });
      let isFineDone = false;
      inbox.onEvent(event => {
        if (event.type === 'done' && event.path === 'fine.png') isFineDone = true;
      });
      runner.faultOf = name => (name !== 'fine.png' && !isFineDone ? fault('WRITE_FAILED', systemCode) : undefined);
      await work();
      expect(of('paused')).toEqual([]);
      expect(of('failed')).toEqual([]);
      expect(await outputs()).toEqual([...bad, 'fine.png']);
    });

  for (const systemCode of ['EINVAL', 'ENAMETOOLONG'])
    it(`is none where the file system refuses the names of some outputs (${systemCode}): they fail, and keep nobody waiting`, async () => {
      const bad = Array.from({ length: 9 }, (_, i) => `bad${i}.png`);
      await drop(...bad, 'fine.png');
      const { runner, of, work } = await open({ maxAttempts: 2 });
      runner.faultOf = name => (name !== 'fine.png' ? fault('WRITE_FAILED', systemCode) : undefined);
      await work();
      expect(of('paused')).toEqual([]);
      expect(
        of('failed')
          .map(({ path }) => path)
          .sort(),
      ).toEqual(bad);
      expect(await outputs()).toEqual(['fine.png']);
    });

  it('is met with EACCES where the outbox itself cannot be written', async () => {
    await drop('a.png');
    const { runner, inbox, next, work } = await open({ maxAttempts: 1 });
    const shared = join(root, 'outbox/.cyclebox');
    runner.faultOf = async (_name, run) => {
      if (run > 1) return undefined;
      await rename(shared, join(root, 'shared'));
      await writeFile(shared, 'in the way');
      return fault('WRITE_FAILED', 'EACCES');
    };
    const paused = next('paused');
    await inbox.start();
    await paused;
    const resumed = next('resumed');
    // The inbox looks every few milliseconds, and makes the folder anew.
    await rm(shared);
    await resumed;
    await work();
    expect(await outputs()).toEqual(['a.png']);
  });

  it('lasts as long as another folder is in the place of the outbox, in which nothing is published', async () => {
    await drop('a.png');
    const { runner, inbox, next, work } = await open({ afterSuccess: 'delete' });
    runner.faultOf = async (_name, run) => {
      if (run > 1) return undefined;
      await rename(join(root, 'outbox'), join(root, 'unmounted'));
      await mkdir(join(root, 'outbox'));
      return undefined;
    };
    const paused = next('paused');
    await inbox.start();
    await paused;
    expect(inbox.status().pause?.reason).toMatch(/another folder is in its place/);
    expect(await outputs()).toEqual([]);
    expect(await readdir(join(root, 'inbox'))).toEqual(['a.png']);
    const resumed = next('resumed');
    await rm(join(root, 'outbox'), { recursive: true });
    await rename(join(root, 'unmounted'), join(root, 'outbox'));
    await resumed;
    await work();
    expect(await outputs()).toEqual(['a.png']);
    expect(await readdir(join(root, 'inbox'))).toEqual([]);
  });

  it('lasts as long as the outbox is away, and the outbox is not made anew meanwhile', async () => {
    await drop('a.png');
    const { inbox, next, work } = await open();
    await rename(join(root, 'outbox'), join(root, 'unmounted'));
    const paused = next('paused');
    await inbox.start();
    await paused;
    expect(inbox.status()).toMatchObject({ pause: { by: 'environment' }, counts: { queued: 1 } });
    expect(await readdir(root)).not.toContain('outbox');
    const resumed = next('resumed');
    await rename(join(root, 'unmounted'), join(root, 'outbox'));
    await resumed;
    await work();
    expect(await outputs()).toEqual(['a.png']);
  });
});

describe('a worker that dies', () => {
  const crash = () => fault('PROCESS_CRASHED');

  it('twice of the same file has it set aside, with its file, its translation and the reason', async () => {
    await drop('a.png', 'bad.png', 'c.png');
    const { runner, work, inbox, of } = await open();
    runner.faultOf = name => (name === 'bad.png' ? crash() : undefined);
    await work();
    expect(inbox.counts()).toEqual({ done: 2, quarantined: 1 });
    expect(runner.ran.filter(name => name === 'bad.png')).toHaveLength(2);
    expect(of('failed')).toMatchObject([{ path: 'bad.png', quarantined: true, translation: 'copy' }]);
    expect(of('failed')[0]?.error.message).toMatch(/bad\.png \(copy\) has crashed the compute worker 2 times/);
    expect(of('paused')).toEqual([]);
    expect(inbox.list()).toMatchObject([{ path: 'bad.png', state: 'quarantined' }]);
  });

  it('when a job takes too long counts as well', async () => {
    await drop('slow.png');
    const { runner, work, inbox } = await open();
    runner.faultOf = () => fault('TIMED_OUT');
    await work();
    expect(inbox.counts()).toEqual({ quarantined: 1 });
  });

  it('of three different files in a row means the machine: no file is blamed until a self-test goes well', async () => {
    await drop('a.png', 'b.png', 'c.png', 'd.png');
    const { runner, work, of, inbox, next } = await open();
    let isBroken = true;
    runner.isWell = false;
    runner.faultOf = () => (isBroken ? crash() : undefined);
    // Long enough for none to be tried a second time before the third has died.
    const paused = next('paused').then(() => {
      expect(inbox.status()).toMatchObject({ pause: { by: 'environment' }, counts: { queued: 4 } });
      isBroken = false;
      runner.isWell = true;
    });
    inbox.apply({});
    await work();
    await paused;
    expect(of('paused')[0]?.reason).toMatch(/three different images in a row/);
    expect(runner.selfTests).toBeGreaterThan(0);
    expect(await outputs()).toEqual(['a.png', 'b.png', 'c.png', 'd.png']);
  });

  it('of three files that are all bad pauses once, and then sets each aside', async () => {
    await drop('a.png', 'b.png', 'c.png', 'fine.png');
    const { runner, work, of, inbox } = await open();
    runner.faultOf = name => (name === 'fine.png' ? undefined : crash());
    await work();
    expect(of('paused').length).toBeLessThanOrEqual(1);
    expect(inbox.counts()).toEqual({ quarantined: 3, done: 1 });
  });

  it('while several run has each of them run alone before any is blamed', async () => {
    await drop('a.png', 'b.png', 'bad.png');
    const { runner, work, inbox } = await open({ concurrency: 3 });
    let arrived = 0;
    let allHere = () => {};
    const here = new Promise<void>(resolve => {
      allHere = resolve;
    });
    runner.faultOf = async (name, run) => {
      if (run === 1) {
        if (++arrived === 3) allHere();
        await here;
        return crash();
      }
      return name === 'bad.png' ? crash() : undefined;
    };
    await work();
    expect(inbox.counts()).toEqual({ done: 2, quarantined: 1 });
    expect(runner.together.slice(3).every(count => count === 1)).toBe(true);
  });
});

describe('a job found running at a start', () => {
  /** `b.png` is done; `a.png` is queued. */
  async function begun(): Promise<void> {
    await drop('a.png', 'b.png');
    const { inbox, work } = await open();
    await work();
    inbox.retry({ ids: ['a.png'] });
    await inbox.stop(0);
    for (const name of await outputs()) await rm(join(root, 'outbox', name));
  }

  async function killedWhileRunning(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const journal = new Journal(join(root, 'state/journal.sqlite'));
      journal.start(journal.history.named('a.png')!.id, 'v1', join(root, 'outbox/.t'));
      journal.dispose();
      const { inbox } = await open();
      await inbox.stop();
    }
  }

  it('is merely queued again, and not blamed though it kills its worker once', async () => {
    await begun();
    await killedWhileRunning(2);
    const { runner, work, inbox } = await open();
    runner.faultOf = (_name, run) => (run === 1 ? fault('PROCESS_CRASHED') : undefined);
    await work();
    expect(inbox.counts()).toEqual({ done: 2 });
  });

  it('three times is set aside when it then kills its worker once', async () => {
    await begun();
    await killedWhileRunning(3);
    const { runner, work, inbox } = await open();
    runner.faultOf = () => fault('PROCESS_CRASHED');
    await work();
    expect(inbox.counts()).toEqual({ done: 1, quarantined: 1 });
    expect(runner.ran).toEqual(['a.png']);
  });

  it('three times is done like any other when it goes well', async () => {
    await begun();
    await killedWhileRunning(3);
    const { work, inbox } = await open();
    await work();
    expect(inbox.counts()).toEqual({ done: 2 });
  });
});

describe('what people ask of the queue', () => {
  it('pauses it over a restart, and resumes it', async () => {
    await drop('a.png');
    const first = await open();
    first.inbox.pause('the disk is being changed');
    await first.work();
    expect(first.runner.ran).toEqual([]);
    await first.inbox.stop();
    const second = await open();
    await second.work();
    expect(second.inbox.status().pause).toMatchObject({ by: 'user', reason: 'the disk is being changed' });
    expect(second.runner.ran).toEqual([]);
    second.inbox.resume();
    await second.inbox.whenIdle();
    expect(await outputs()).toEqual(['a.png']);
  });

  it('tries one failed file again, or all of them', async () => {
    await drop('a.png', 'b.png', 'c.png');
    const { inbox, runner, work } = await open();
    let isBad = true;
    runner.faultOf = () => (isBad ? fault('IMAGE_UNSUPPORTED') : undefined);
    await work();
    expect(inbox.failures).toHaveLength(3);
    isBad = false;
    expect(inbox.retry({ ids: ['b.png', 'none.png'] })).toMatchObject({ changed: 1, refused: [{ id: 'none.png' }] });
    await inbox.whenIdle();
    expect(await outputs()).toEqual(['b.png']);
    expect(inbox.retry({ failed: true }).changed).toBe(2);
    await inbox.whenIdle();
    expect(await outputs()).toEqual(['a.png', 'b.png', 'c.png']);
    expect(inbox.failures).toEqual([]);
  });

  it('cancels what waits, which stays so until its file changes or it is retried', async () => {
    await drop('a.png', 'b.png');
    const { inbox, runner, work, of } = await open();
    inbox.pause();
    await work();
    expect(inbox.cancel({ ids: ['a.png'] }).changed).toBe(1);
    expect(of('cancelled')).toMatchObject([{ path: 'a.png' }]);
    inbox.resume();
    await inbox.whenIdle();
    await inbox.scan();
    await inbox.whenIdle();
    expect(runner.ran).toEqual(['b.png']);
    inbox.retry({ ids: ['a.png'] });
    await inbox.whenIdle();
    expect(await outputs()).toEqual(['a.png', 'b.png']);
  });

  it('cancels what runs', async () => {
    await drop('a.png');
    const { inbox, of } = await open({
      runner: {
        run: ({ signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new CycleboxError('CANCELLED', 'it was ended')));
            queueMicrotask(() => inbox.cancel({ ids: ['a.png'] }));
          }),
      },
    });
    await inbox.start();
    await inbox.whenIdle();
    expect(of('cancelled')).toHaveLength(1);
    expect(inbox.counts()).toEqual({ cancelled: 1 });
  });

  it('does finished files again by a new version of the model only when asked to', async () => {
    await drop('a.png');
    const first = await open();
    await first.work();
    await first.inbox.stop();
    const newer: Router = () => ({ kind: 'translate', translation: { key: 'copy', version: 'v2' } });
    const second = await open({ route: newer });
    await second.work();
    expect(second.runner.ran).toEqual([]);
    expect(second.inbox.retry({ stale: true }).changed).toBe(1);
    await second.inbox.whenIdle();
    expect(second.inbox.retry({ stale: true }).changed).toBe(0);
    await second.inbox.scan();
    await second.inbox.whenIdle();
    expect(second.runner.ran).toEqual(['a.png']);
    expect(await outputs()).toEqual(['a (2).png', 'a.png']);
  });

  it('does them again by itself where the route says reprocess, once', async () => {
    await drop('a.png');
    const first = await open();
    await first.work();
    await first.inbox.stop();
    const reprocess: Router = () => ({
      kind: 'translate',
      translation: { key: 'copy', version: 'v2' },
      reprocess: true,
    });
    const second = await open({ route: reprocess });
    await second.work();
    await second.inbox.scan();
    await second.inbox.whenIdle();
    expect(second.runner.ran).toEqual(['a.png']);
  });

  it('purges the history of files that have gone, and of no others', async () => {
    await drop('a.png', 'b.png');
    const { inbox, work } = await open();
    await work();
    await rm(join(root, 'inbox/a.png'));
    expect((await inbox.purge()).changed).toBe(1);
    expect(inbox.list({ states: ['done'] })).toMatchObject([{ path: 'b.png' }]);
  });

  it('can be asked of the journal alone when no daemon runs, and not beside one', async () => {
    await drop('a.png', 'b.png');
    const first = await open();
    first.runner.faultOf = () => fault('IMAGE_UNSUPPORTED');
    await first.work();
    expect(() => openQueue(folders())).toThrow(/in use/);
    await first.inbox.stop();
    const queue = openQueue(folders());
    expect(queue.status()).toMatchObject({ counts: { failed: 2 } });
    expect(queue.retry({ ids: ['a.png'] }).changed).toBe(1);
    queue.pause('later');
    expect(queue.status().pause).toMatchObject({ by: 'user', reason: 'later' });
    queue.resume();
    await queue.dispose();
    const second = await open();
    await second.work();
    expect(second.runner.ran).toEqual(['a.png']);
  });

  it('runs files of a higher priority first', async () => {
    await drop(...Array.from({ length: 6 }, (_, index) => `${index + 10}.png`), 'urgent.png');
    const { inbox, runner, work } = await open({
      route: path => ({
        kind: 'translate',
        translation: { key: 'copy', version: 'v1' },
        priority: path === 'urgent.png' ? 10 : 0,
      }),
    });
    inbox.pause();
    await work();
    inbox.resume();
    await inbox.whenIdle();
    expect(runner.ran[0]).toBe('urgent.png');
  });
});

describe('a lost journal', () => {
  it('is begun anew without doing finished files again', async () => {
    await drop('a.png', 'b.png');
    const first = await open();
    await first.work();
    await first.inbox.stop();
    const file = join(root, 'state/journal.sqlite');
    await writeFile(file, (await readFile(file)).fill(0x41, 0, 200));
    await drop('c.png');
    const second = await open();
    await second.work();
    expect(second.of('warning')[0]?.error.message).toMatch(/set aside/);
    expect(second.of('already-published').map(event => event.path)).toEqual(['a.png', 'b.png']);
    expect(second.runner.ran).toEqual(['c.png']);
    expect(await outputs()).toEqual(['a.png', 'b.png', 'c.png']);
    expect(second.inbox.counts()).toEqual({ done: 3 });
  });
});
