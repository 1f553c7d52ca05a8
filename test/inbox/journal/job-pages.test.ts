import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, type JobId, ManualClock } from '../../../src/base/index.js';
import { Journal } from '../../../src/inbox/index.js';
import { temporaryFolder } from '../../support/pictures.js';

let journal: Journal;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  journal = new Journal(join(await temporaryFolder(), 'journal.sqlite'), clock);
});
afterEach(() => journal.dispose());

/** Queues a file, a second after the one before it. */
function add(path: string, priority = 0): JobId {
  clock.advance(1000);
  const translation = { key: path.startsWith('map/') ? 'satellite-map/map' : 'copy', version: 'v' };
  return journal.enqueue([{ path, identity: '1:2:3', translation, priority }])[0]!.id;
}

function fail(id: JobId, code: 'IMAGE_CORRUPT' | 'MODEL_MISSING'): void {
  clock.advance(1000);
  journal.start(id, 'v', '/tmp/t');
  clock.advance(40);
  journal.failed(id, new CycleboxError(code, `${code} of ${id}`));
}

const paths = (query: Parameters<Journal['pages']['page']>[0]) =>
  journal.pages.page(query).jobs.map(({ path }) => path);

describe('pages of jobs', () => {
  it('go on where the last one ended, and what changes meanwhile shifts nothing', () => {
    const ids = ['1', '2', '3', '4', '5'].map(name => add(name));
    const first = journal.pages.page({ limit: 2 });
    expect(first.jobs.map(({ path }) => path)).toEqual(['5', '4']);
    fail(ids[2]!, 'IMAGE_CORRUPT');
    add('6');
    const second = journal.pages.page({ limit: 2, cursor: first.next });
    expect(second.jobs.map(({ path }) => path)).toEqual(['2', '1']);
    expect(second.next).toBeUndefined();
    expect(paths({ limit: 10 })).toEqual(['6', '3', '5', '4', '2', '1']);
    expect(paths({ limit: 2, order: 'oldest' })).toEqual(['1', '2']);
    expect(paths({ limit: 2, skip: 3 })).toEqual(['4', '2']);
  });

  it('show those that wait in the order of their turn', () => {
    add('late');
    add('urgent', 5);
    add('later');
    const first = journal.pages.page({ states: ['queued'], order: 'turn', limit: 2 });
    expect(first.jobs.map(({ path }) => path)).toEqual(['urgent', 'late']);
    expect(paths({ states: ['queued'], order: 'turn', limit: 2, cursor: first.next })).toEqual(['later']);
  });

  it('hold what the filter asks for: all of it', () => {
    fail(add('map/a_1.png'), 'IMAGE_CORRUPT');
    fail(add('map/a-1.png'), 'MODEL_MISSING');
    fail(add('b.png'), 'IMAGE_CORRUPT');
    add('map/waiting.png');
    const failed = { states: ['failed', 'quarantined'], limit: 10 } as const;
    expect(paths({ ...failed, code: 'IMAGE_CORRUPT' })).toEqual(['b.png', 'map/a_1.png']);
    expect(paths({ ...failed, translation: 'satellite-map/map' })).toEqual(['map/a-1.png', 'map/a_1.png']);
    expect(paths({ search: 'A_1', limit: 10 })).toEqual(['map/a_1.png']);
    expect(paths({ search: '%', limit: 10 })).toEqual([]);
    const { createdMs } = journal.pages.page({ search: 'waiting', limit: 1 }).jobs[0]!;
    expect(paths({ sinceMs: createdMs, limit: 10 })).toEqual(['map/waiting.png']);
    expect(paths({ untilMs: createdMs, states: ['failed'], limit: 10 })).toHaveLength(3);
    expect(journal.pages.counts({ search: 'map/' })).toEqual({ failed: 2, queued: 1 });
  });

  it('know the neighbours of a job within a filter', () => {
    const [a, , c, d] = ['a', 'x', 'c', 'd'].map(name => add(name));
    for (const id of [a!, c!, d!]) fail(id, 'IMAGE_CORRUPT');
    const filter = { states: ['failed'] } as const;
    expect(journal.pages.neighbours(c!, filter)).toEqual({ previous: d, next: a });
    expect(journal.pages.neighbours(a!, filter)).toEqual({ previous: c, next: undefined });
    expect(journal.pages.neighbours(c!, { ...filter, order: 'oldest' })).toEqual({ previous: a, next: d });
    expect(journal.pages.neighbours('nobody' as JobId, filter)).toEqual({ previous: undefined, next: undefined });
  });

  it('refuse a cursor that none of them has given', () => {
    add('a');
    for (const cursor of ['', 'x', Buffer.from('1,2,3').toString('base64url'), "1' OR 1"]) {
      expect(() => journal.pages.page({ limit: 1, cursor })).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
  });

  it('tell failures by cause, how long attempts took, and what has changed since', () => {
    const [first, second, third] = ['map/1', 'map/2', '3'].map(name => add(name));
    fail(first!, 'IMAGE_CORRUPT');
    const sinceMs = journal.nowMs();
    fail(second!, 'IMAGE_CORRUPT');
    fail(third!, 'MODEL_MISSING');
    expect(journal.pages.failures()).toMatchObject([
      { code: 'IMAGE_CORRUPT', translation: 'satellite-map/map', count: 2, quarantined: 0 },
      { code: 'MODEL_MISSING', translation: 'copy', count: 1 },
    ]);
    expect([...journal.pages.lastAttemptMs([first!, third!]).values()]).toEqual([40, 40]);
    expect(journal.pages.changedSince(sinceMs + 1, 10).map(({ id }) => id)).toEqual([second, third]);
  });
});

describe('the deliveries of webhooks', () => {
  it('wait in their order for each hook, also over a restart, until they are taken', () => {
    journal.deliveries.add('a', '{"n":1}', 1000);
    journal.deliveries.add('b', '{"n":2}', 1000);
    journal.deliveries.add('a', '{"n":3}', 1000);
    expect(journal.deliveries.heads().map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}']);
    const [first] = journal.deliveries.heads();
    journal.deliveries.postpone(first!.sequence, 5000);
    expect(journal.deliveries.heads()[0]).toMatchObject({ body: '{"n":1}', attempts: 1, dueMs: 5000 });
    journal.deliveries.remove(first!.sequence);
    expect(journal.deliveries.heads().map(({ body }) => body)).toEqual(['{"n":2}', '{"n":3}']);
    journal.deliveries.forgetOthers(['a']);
    expect([...journal.deliveries.counts()]).toEqual([['a', 1]]);
  });
});
