/**
 * The result of one job is published while the next is at its worker. What goes on meanwhile is known by what has begun while a step is
 * held: where nothing goes on beside it, these tests wait in vain. Journal, files and scheduler are real; publishing and the worker are held.
 */
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore, identify, type JobId, systemClock } from '../../src/base/index.js';
import { Journal, type Runner } from '../../src/inbox/index.js';
import type { JobEvent } from '../../src/inbox/jobs/job-event.js';
import { JobScheduler } from '../../src/inbox/jobs/job-scheduler.js';
import type { Publisher, PublishRequest } from '../../src/inbox/publish/publisher.js';
import { temporaryFolder } from '../support/pictures.js';

let opened: DisposableStore;
let root: string;
beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
  for (const name of ['inbox', 'outbox', 'state']) await mkdir(join(root, name));
});
afterEach(() => opened.dispose());

/** Whatever follows from what has happened so far, but for files and timers. */
const settled = () => new Promise<void>(resolve => setImmediate(() => setImmediate(resolve)));

/** A step that a test holds: `goOn(name)` lets it end, once it has begun. */
class HeldSteps {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, (fault?: CycleboxError) => void>();
  readonly #awaited = new Map<string, () => void>();

  hold(name: string): Promise<void> {
    this.begun.push(name);
    return new Promise((resolve, reject) => {
      this.#ends.set(name, fault => (fault ? reject(fault) : resolve()));
      this.#awaited.get(name)?.();
    });
  }

  async hasBegun(name: string): Promise<void> {
    if (!this.#ends.has(name)) await new Promise<void>(resolve => this.#awaited.set(name, resolve));
  }

  async goOn(name: string, fault?: CycleboxError): Promise<void> {
    await this.hasBegun(name);
    const end = this.#ends.get(name)!;
    this.#ends.delete(name);
    end(fault);
  }
}

/** Names what was published once, and knows it afterwards. */
function heldPublisher(steps: HeldSteps): Publisher {
  const output = (request: Pick<PublishRequest, 'path'>) => join(root, 'outbox', request.path);
  const publisher: Partial<Publisher> = {
    requireFolders: async () => {},
    probe: async () => ({ hasLinks: true, hasLedger: true, warnings: [] }),
    publishedBefore: async () => undefined,
    temporaryFor: path => join(root, 'outbox', `.${path}.tmp`),
    afterSuccess: async () => ({ kind: 'kept' }),
    async publish(request) {
      request.onAttempt(request.wanted, 'mark');
      await steps.hold(`publish ${request.path}`);
      await copyFile(request.temporary, output(request));
      return { kind: 'published', output: request.wanted };
    },
    recover: async () => undefined,
  };
  return publisher as Publisher;
}

const report = { width: 1, height: 1, bytes: 1, tiles: 1, decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };

async function open({ concurrency = 1, journalFile = join(root, 'state/journal.sqlite') } = {}) {
  const steps = new HeldSteps();
  const journal = new Journal(journalFile);
  opened.add({ dispose: () => journal.dispose() });
  const events: JobEvent[] = [];
  const waiting: (() => void)[] = [];
  const heard = new Map<JobEvent['type'], () => void>();
  const runner: Runner = {
    async run({ source, temporary, signal }) {
      const name = basename(source);
      await Promise.race([
        steps.hold(`run ${name}`),
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new CycleboxError('CANCELLED', 'it was ended')));
        }),
      ]);
      await copyFile(source, temporary);
      return { ...report, name };
    },
  };
  const limits = { maxAttempts: 3, jobTimeoutMs: 60_000, decodeGraceMs: 0 };
  const scheduler = new JobScheduler({
    inbox: join(root, 'inbox'),
    outbox: join(root, 'outbox'),
    journal,
    publisher: heldPublisher(steps),
    current: ({ translation: key, version }) => ({ key, version }),
    runner,
    concurrency,
    retryBackOff: { firstMs: 1, maxMs: 1 },
    limits: () => limits,
    clock: systemClock,
    emit(event) {
      events.push(event);
      heard.get(event.type)?.();
    },
    onChanged: () => {},
    unchangedForMs: () => undefined,
    onProgress: () => {
      if (scheduler.isEmpty) for (const resolve of waiting.splice(0)) resolve();
    },
  });
  opened.add({ dispose: () => scheduler.stop(0).then(settled) });
  const whenEmpty = () => new Promise<void>(resolve => void waiting.push(resolve));
  const next = (type: JobEvent['type']) => new Promise<void>(resolve => void heard.set(type, resolve));
  const of = (type: JobEvent['type']) => events.filter(event => event.type === type);
  return { scheduler, steps, journal, of, next, whenEmpty };
}

/** Files in the inbox, queued in this order. */
async function queue(journal: Journal, ...names: string[]): Promise<JobId[]> {
  for (const name of names) {
    const file = join(root, 'inbox', name);
    await writeFile(file, name);
    const identity = (await identify(file))!;
    journal.enqueue([{ path: name, identity, translation: { key: 'copy', version: 'v' }, priority: 0 }]);
  }
  return names.map(name => journal.history.named(name)!.id);
}

const outputs = async () => (await readdir(join(root, 'outbox'))).filter(name => !name.startsWith('.')).sort();

describe('while a result is published', () => {
  it('the next job is at the worker, and one more only when that one’s turn to be published has come', async () => {
    const { scheduler, steps, journal, whenEmpty } = await open();
    await queue(journal, 'a', 'b', 'c');
    scheduler.pump();
    await steps.goOn('run a');
    await steps.hasBegun('publish a');
    await steps.goOn('run b');
    await settled();
    expect(steps.begun).toEqual(['run a', 'publish a', 'run b']);
    const empty = whenEmpty();
    await steps.goOn('publish a');
    await steps.hasBegun('publish b');
    await steps.hasBegun('run c');
    for (const step of ['run c', 'publish b', 'publish c']) await steps.goOn(step);
    await empty;
    expect(journal.counts()).toEqual({ done: 3 });
    expect(await outputs()).toEqual(['a', 'b', 'c']);
  });

  it('several workers have as many published as they have jobs', async () => {
    const { scheduler, steps, journal, whenEmpty } = await open({ concurrency: 2 });
    await queue(journal, 'a', 'b', 'c', 'd', 'e');
    scheduler.pump();
    for (const name of ['a', 'b']) await steps.goOn(`run ${name}`);
    for (const name of ['publish a', 'publish b', 'run c', 'run d']) await steps.hasBegun(name);
    await settled();
    expect(steps.begun).not.toContain('run e');
    const empty = whenEmpty();
    const rest = ['publish a', 'run c', 'publish c', 'run d', 'publish b', 'publish d', 'run e', 'publish e'];
    for (const name of rest) await steps.goOn(name);
    await empty;
    expect(journal.counts()).toEqual({ done: 5 });
  });

  it('a worker that dies of the next job is held against that one alone', async () => {
    const { scheduler, steps, journal, of, next, whenEmpty } = await open();
    const [, b] = await queue(journal, 'a', 'b');
    scheduler.pump();
    await steps.goOn('run a');
    await steps.hasBegun('publish a');
    const retrying = next('retrying');
    await steps.goOn('run b', new CycleboxError('PROCESS_CRASHED', 'it crashed'));
    await retrying;
    expect(journal.get(b!)).toMatchObject({ state: 'queued', workerCrashes: 1 });
    expect(of('retrying')).toMatchObject([{ path: 'b' }]);
    const empty = whenEmpty();
    for (const name of ['publish a', 'run b', 'publish b']) await steps.goOn(name);
    await empty;
    expect(journal.counts()).toEqual({ done: 2 });
  });

  it('what has to run alone begins when nothing is published any more', async () => {
    const { scheduler, steps, journal, whenEmpty } = await open();
    const [, b] = await queue(journal, 'a', 'b');
    journal.start(b!, 'v', join(root, 'outbox/.t'));
    journal.release(b!, { alone: true });
    scheduler.pump();
    await steps.goOn('run a');
    await steps.hasBegun('publish a');
    await settled();
    expect(steps.begun).toEqual(['run a', 'publish a']);
    const empty = whenEmpty();
    for (const name of ['publish a', 'run b', 'publish b']) await steps.goOn(name);
    await empty;
  });

  it('the next job can be cancelled, and the one that is published is done', async () => {
    const { scheduler, steps, journal, whenEmpty } = await open();
    const [, b] = await queue(journal, 'a', 'b');
    scheduler.pump();
    await steps.goOn('run a');
    await steps.hasBegun('publish a');
    await steps.hasBegun('run b');
    expect(scheduler.cancel(b!)).toBe(true);
    const empty = whenEmpty();
    await steps.goOn('publish a');
    await empty;
    expect(journal.counts()).toEqual({ done: 1, cancelled: 1 });
    expect(await outputs()).toEqual(['a']);
  });

  it('a stop waits for it, and gives the next job back', async () => {
    const { scheduler, steps, journal } = await open();
    await queue(journal, 'a', 'b', 'c');
    scheduler.pump();
    await steps.goOn('run a');
    await steps.hasBegun('publish a');
    await steps.hasBegun('run b');
    const stopped = scheduler.stop(0);
    await steps.goOn('publish a');
    await stopped;
    await settled();
    expect(journal.counts()).toEqual({ done: 1, queued: 2 });
    expect(steps.begun).not.toContain('run c');
  });

  it('a daemon that dies loses neither of the two: both are done by the next, each once', async () => {
    const dying = await open();
    await queue(dying.journal, 'a', 'b');
    dying.scheduler.pump();
    await dying.steps.goOn('run a');
    await dying.steps.hasBegun('publish a');
    await dying.steps.hasBegun('run b');
    // What is on the disk at this instant is all that the next daemon has.
    const journalFile = join(root, 'state/next.sqlite');
    for (const suffix of ['', '-wal'])
      await copyFile(join(root, `state/journal.sqlite${suffix}`), `${journalFile}${suffix}`);

    const next = await open({ journalFile });
    expect(next.journal.interrupted().map(({ path, state }) => [path, state])).toEqual([
      ['a', 'publishing'],
      ['b', 'running'],
    ]);
    await next.scheduler.recover();
    const empty = next.whenEmpty();
    next.scheduler.pump();
    for (const name of ['run a', 'publish a', 'run b', 'publish b']) await next.steps.goOn(name);
    await empty;
    expect(next.journal.counts()).toEqual({ done: 2 });
    expect(next.of('done')).toMatchObject([{ path: 'a' }, { path: 'b' }]);
    const stopped = dying.scheduler.stop(0);
    await dying.steps.goOn('publish a', new CycleboxError('CANCELLED', 'its daemon has died'));
    await stopped;
  });
});
