/** What an inbox promises, whoever does the work: the same suite on this machine's workers and on workers behind Redis, with a shared folder and with a bucket. */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  type Backend,
  type Bench,
  type BenchOptions,
  backends,
  CopyingRunner,
  fault,
  latch,
  untilAborted,
} from './backends.js';

const names = (count: number) => Array.from({ length: count }, (_, index) => `${String(index).padStart(3, '0')}.png`);

describe.each(backends.filter(({ isThere }) => isThere))('dispatch $name', (backend: Backend) => {
  let bench: Bench | undefined;
  afterEach(async () => {
    await bench?.dispose();
    bench = undefined;
  });
  afterAll(() => backend.dispose());

  const open = async (options?: BenchOptions) => {
    bench = await backend.open(options);
    return bench;
  };

  it('does every job once, and publishes what came of it', async () => {
    const { drop, work, outputs, runner } = await open({ concurrency: 3 });
    await drop(...names(40));
    await work();
    expect(await outputs()).toEqual(names(40));
    expect([...runner.ran].sort()).toEqual(names(40));
  });

  it('runs as many jobs at a time as there is room for, and no more', async () => {
    const { drop, work, runner } = await open({ concurrency: 3 });
    const three = latch();
    runner.doing = async () => {
      if (runner.running === 3) three.open();
      await three.opened;
    };
    await drop(...names(12));
    await work();
    expect(runner.most).toBe(3);
  });

  it('tries a failure that may pass again, and lets it stand when it does not pass', async () => {
    const { drop, work, runner, inbox, of } = await open({ maxAttempts: 3 });
    runner.doing = name => {
      if (name === 'bad.png') throw fault('ENGINE_FAILED');
    };
    await drop('bad.png', 'good.png');
    await work();
    expect(runner.ran.filter(name => name === 'bad.png')).toHaveLength(3);
    expect(of('done').map(({ path }) => path)).toEqual(['good.png']);
    expect(inbox.failures).toMatchObject([{ path: 'bad.png', error: { code: 'ENGINE_FAILED' } }]);
  });

  it('lets an image that cannot be translated fail at once, with its code', async () => {
    const { drop, work, runner, inbox } = await open();
    runner.doing = () => {
      throw fault('IMAGE_UNSUPPORTED');
    };
    await drop('a.png');
    await work();
    expect(runner.ran).toEqual(['a.png']);
    expect(inbox.failures).toMatchObject([{ error: { code: 'IMAGE_UNSUPPORTED' } }]);
  });

  it('quarantines a job that kills its worker twice, and does all others', async () => {
    const { drop, work, runner, outputs, of } = await open({ concurrency: 2 });
    runner.doing = name => {
      if (name === '003.png') throw fault('PROCESS_CRASHED');
    };
    await drop(...names(8));
    await work();
    expect(of('failed')).toMatchObject([{ path: '003.png', quarantined: true }]);
    expect(await outputs()).toEqual(names(8).filter(name => name !== '003.png'));
    expect(runner.ran.filter(name => name === '003.png').length).toBeLessThanOrEqual(3);
  });

  it('does not hold a death against a job that another job beside it may have caused', async () => {
    const { drop, work, runner, outputs } = await open({ concurrency: 2 });
    const both = latch();
    let alone = 0;
    runner.doing = async (_name, run) => {
      if (run > 1) alone = Math.max(alone, runner.running);
      if (run > 1) return;
      if (runner.running === 2) both.open();
      await both.opened;
      throw fault('PROCESS_CRASHED');
    };
    await drop('a.png', 'b.png');
    await work();
    expect(await outputs()).toEqual(['a.png', 'b.png']);
    expect(alone).toBe(1);
  });

  it('starts nothing while it is paused, and the rest when it is resumed', async () => {
    const { drop, work, runner, inbox, outputs, next } = await open();
    const begun = latch();
    const goOn = latch();
    runner.doing = async () => {
      begun.open();
      await goOn.opened;
    };
    await drop(...names(5));
    const worked = work();
    await begun.opened;
    inbox.pause('lunch');
    const ended = next('done');
    goOn.open();
    await ended;
    await worked;
    expect(runner.ran).toHaveLength(1);
    expect(inbox.status()).toMatchObject({ counts: { queued: 4, done: 1 }, pause: { by: 'user', reason: 'lunch' } });
    const idle = next('idle');
    inbox.resume();
    await idle;
    expect(await outputs()).toEqual(names(5));
    expect(runner.ran).toHaveLength(5);
  });

  it('gives up a running job that is cancelled, and publishes nothing of it', async () => {
    const { drop, work, runner, inbox, outputs, of, next } = await open();
    const begun = latch();
    runner.doing = async (name, _run, request) => {
      if (name !== '000.png') return;
      begun.open();
      await untilAborted(request);
    };
    await drop(...names(3));
    const worked = work();
    await begun.opened;
    const cancelled = next('cancelled');
    expect(inbox.cancel({ ids: ['000.png'] })).toMatchObject({ changed: 1 });
    await cancelled;
    await worked;
    expect(await outputs()).toEqual(['001.png', '002.png']);
    expect(of('cancelled')).toMatchObject([{ path: '000.png' }]);
  });

  it('does a job again that is retried by hand', async () => {
    const { drop, work, runner, inbox, outputs, next } = await open();
    runner.doing = (_name, run) => {
      if (run === 1) throw fault('IMAGE_UNSUPPORTED');
    };
    await drop('a.png');
    await work();
    expect(await outputs()).toEqual([]);
    const done = next('done');
    inbox.retry({ ids: ['a.png'] });
    await done;
    expect(await outputs()).toEqual(['a.png']);
  });

  it('runs next what is asked to be', async () => {
    const { drop, work, runner, inbox } = await open();
    const begun = latch();
    const goOn = latch();
    runner.doing = async () => {
      begun.open();
      await goOn.opened;
    };
    await drop(...names(30));
    const worked = work();
    await begun.opened;
    const last = inbox.lists.history('029.png');
    await inbox.change('run-next', { ids: [last?.entry.id ?? ''] });
    goOn.open();
    await worked;
    // Behind what had been handed out by then, before the others.
    expect(runner.ran.indexOf('029.png')).toBeLessThan(12);
  });

  it('goes on after a stop in the middle, and does nothing twice that is done', async () => {
    const runner = new CopyingRunner();
    const first = await open({ runner, concurrency: 2 });
    const begun = latch();
    let isStopped = false;
    runner.doing = async (name, _run, request) => {
      if (isStopped || !['004.png', '005.png'].includes(name)) return;
      begun.open();
      await untilAborted(request);
    };
    await first.drop(...names(12));
    void first.work();
    await begun.opened;
    await first.inbox.stop(1);
    await first.dispose();
    isStopped = true;
    const before = await first.outputs();
    const second = await open({ runner, root: first.root, concurrency: 2 });
    await second.work();
    expect(await second.outputs()).toEqual(names(12));
    for (const name of before) expect(runner.ran.filter(one => one === name)).toHaveLength(1);
  });
});
