import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, endedStates, identify, ManualClock, systemClock } from '../../../src/base/index.js';
import { Journal, Sqlite } from '../../../src/inbox/index.js';
import { leaseMs } from '../../../src/inbox/journal/journal.js';
import { openJournal } from '../../../src/inbox/journal/open-journal.js';
import { forgetGone } from '../../../src/inbox/journal/retention.js';
import { temporaryFolder } from '../../support/pictures.js';

const firstVersion = fileURLToPath(new URL('../../fixtures/journal/v1.sqlite', import.meta.url));
const translation = { key: 'k', version: 'v' };

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, 'journal.sqlite');
});

function used(work: (journal: Journal, clock: ManualClock) => void): void {
  const clock = new ManualClock();
  const journal = new Journal(file, clock);
  try {
    work(journal, clock);
  } finally {
    journal.dispose();
  }
}

const one = (path: string, priority = 0) => ({ path, identity: '1:2:3', translation, priority });

describe('a journal of an older version', () => {
  it('is taken over: its jobs stand as they stood, and what was done is known by its new identity', async () => {
    await copyFile(firstVersion, file);
    used(journal => {
      expect(journal.counts()).toEqual({ done: 1, failed: 1, queued: 1, running: 1 });
      const done = journal.find('up/done.png', '11:7:9', 'satellite-map/map');
      expect(done).toMatchObject({
        state: 'done',
        output: 'up/done.png',
        priority: 0,
        workerCrashes: 0,
        isolated: false,
      });
      expect(journal.find('up/failed.png', '13:7:9', 'satellite-map/map')?.error?.code).toBe('IMAGE_CORRUPT');
      expect(journal.interrupted()).toMatchObject([{ path: 'up/running.png', attempts: 1 }]);
      const id = journal.queued(1)[0]!.id;
      journal.start(id, 'v1', '/tmp/t');
      journal.done(id, 'up/queued.png');
      expect(journal.attempts(id)).toMatchObject([{ number: 1, outcome: 'done' }]);
    });
    used(journal => expect(journal.counts()).toEqual({ done: 2, failed: 1, running: 1 }));
  });
});

describe('a damaged journal', () => {
  const damages: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
    'with a foreign header': bytes => bytes.fill(0x41, 0, 100),
    'cut short': bytes => bytes.subarray(0, bytes.length - 6000),
    'with pages overwritten': bytes => bytes.fill(0xab, 4096, bytes.length),
  };
  for (const [name, damage] of Object.entries(damages)) {
    it(`${name} is set aside under a name of its own, and a new one begun`, async () => {
      used(journal => journal.enqueue([one('a'), one('b')]));
      await writeFile(file, damage(await readFile(file)));
      await writeFile(`${file}.corrupt-1`, 'an earlier one');
      const { journal, damage: told } = openJournal(folder, systemClock);
      expect(told?.message).toMatch(/was damaged and has been set aside as .*journal\.sqlite\.corrupt-2/);
      expect(journal.counts()).toEqual({});
      journal.enqueue([one('a')]);
      journal.dispose();
      expect(await readdir(folder)).toContain('journal.sqlite.corrupt-2');
      const again = openJournal(folder, systemClock);
      expect(again.damage).toBeUndefined();
      expect(again.journal.counts()).toEqual({ queued: 1 });
      again.journal.dispose();
    });
  }

  it('is not what one of a newer version is: that is left alone', () => {
    const newer = new Sqlite(file);
    newer.exec('PRAGMA user_version = 99');
    newer.dispose();
    expect(() => openJournal(folder, systemClock)).toThrow(/newer cyclebox/);
  });
});

describe('the journal', () => {
  it('tells of a job that falls due between the two questions of one look in one of the answers', () => {
    used((journal, clock) => {
      const [a] = journal.enqueue([one('a')]);
      journal.start(a!.id, 'v', '/tmp/a');
      journal.retry(a!.id, new CycleboxError('ENGINE_FAILED', 'it failed'), 2);
      const nowMs = journal.nowMs();
      expect(journal.queued(9, nowMs)).toEqual([]);
      clock.advance(5);
      expect(journal.nextDueInMs(nowMs)).toBe(2);
    });
  });

  it('gives jobs out by priority, then by age, and not before their time', () => {
    used((journal, clock) => {
      const [a] = journal.enqueue([one('a'), one('b'), one('c', 5)]);
      expect(journal.queued(9).map(job => job.path)).toEqual(['c', 'a', 'b']);
      journal.start(a!.id, 'v', '/tmp/a');
      journal.retry(a!.id, new CycleboxError('ENGINE_FAILED', 'it failed'), 1000);
      expect(journal.queued(9).map(job => job.path)).toEqual(['c', 'b']);
      expect(journal.nextDueInMs()).toBe(1000);
      clock.advance(1000);
      expect(journal.queued(9).map(job => job.path)).toEqual(['c', 'a', 'b']);
    });
  });

  it('does not let a job wait for ever because the clock was set back', () => {
    const clock = new ManualClock(2_000_000_000_000);
    const ahead = new Journal(file, clock);
    const [job] = ahead.enqueue([one('a')]);
    ahead.start(job!.id, 'v', '/tmp/a');
    ahead.retry(job!.id, new CycleboxError('ENGINE_FAILED', 'it failed'), 60_000);
    ahead.dispose();
    used(journal => expect(journal.queued(9)).toHaveLength(1));
  });

  it('queues what has ended anew, with a clean sheet, and leaves what is under way alone', () => {
    used(journal => {
      const [job] = journal.enqueue([one('a')]);
      journal.start(job!.id, 'v', '/tmp/a');
      expect(journal.enqueue([one('a')])).toMatchObject([{ state: 'running', attempts: 1 }]);
      journal.failed(job!.id, new CycleboxError('IMAGE_CORRUPT', 'it is damaged'));
      expect(journal.enqueue([one('a')])).toMatchObject([{ id: job!.id, state: 'queued', attempts: 0 }]);
      expect(journal.get(job!.id)?.error).toBeUndefined();
    });
  });

  it('keeps the lease of what runs here alive', () => {
    used((journal, clock) => {
      const [job] = journal.enqueue([one('a')]);
      journal.start(job!.id, 'v', '/tmp/a');
      clock.advance(leaseMs / 2);
      journal.renewLeases();
    });
    const sqlite = new Sqlite(file);
    const row = sqlite.get('SELECT lease_until_ms - updated_ms AS lease FROM jobs');
    expect(row).toEqual({ lease: leaseMs * 1.5 });
    sqlite.dispose();
  });

  it('forgets jobs of files that have gone, after a while, and never those of files that are there', async () => {
    const inbox = join(folder, 'inbox');
    await mkdir(inbox);
    for (const name of ['there', 'gone', 'young']) await writeFile(join(inbox, name), name);
    const clock = new ManualClock();
    const journal = new Journal(file, clock);
    const finish = async (path: string) => {
      const [job] = journal.enqueue([{ ...one(path), identity: (await identify(join(inbox, path)))! }]);
      journal.start(job!.id, 'v', '/tmp/a');
      journal.done(job!.id, path);
    };
    await finish('there');
    await finish('gone');
    clock.advance(1000);
    await finish('young');
    for (const name of ['gone', 'young']) await rm(join(inbox, name));
    expect(await forgetGone(journal, inbox, endedStates, clock.epochMs() - 500)).toBe(1);
    expect(
      journal.history
        .list(['done'], 9)
        .map(job => job.path)
        .sort(),
    ).toEqual(['there', 'young']);
    journal.dispose();
  });

  it('forgets nothing while another, empty folder is in the place of the inbox', async () => {
    const inbox = join(folder, 'inbox');
    await mkdir(inbox);
    await mkdir(join(folder, 'mount point'));
    await writeFile(join(inbox, 'a'), 'a');
    const journal = new Journal(file);
    journal.enqueue([{ ...one('a'), identity: (await identify(join(inbox, 'a')))! }]);
    journal.skipped(journal.queued(1)[0]!.id);
    expect(await forgetGone(journal, inbox, endedStates, Number.MAX_SAFE_INTEGER)).toBe(0);
    await rm(inbox, { recursive: true });
    expect(await forgetGone(journal, inbox, endedStates, Number.MAX_SAFE_INTEGER)).toBe(0);
    expect(await forgetGone(journal, join(folder, 'mount point'), endedStates, Number.MAX_SAFE_INTEGER)).toBe(0);
    expect(journal.counts()).toEqual({ skipped: 1 });
    journal.dispose();
  });
});
