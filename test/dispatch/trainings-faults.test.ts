/** Queued trainings with real workers, which are killed, cut off and stopped: what comes out is what one machine alone makes, to the byte. */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type QueuePlace, queuePlace } from '../support/queue-place.js';
import { hasRedis, openRedis, type TestRedis } from '../support/redis.js';
import { exportedHashes, startTraining, tinyArguments, trainingFolder } from '../support/training-run.js';

const steps = 20;
/** With averages, pools and mirrored crops: all that has a state. */
const stateful = { steps, ema: 0.9, checkpointEvery: 0 };

describe.runIf(hasRedis)('trainings', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await openRedis();
  });
  afterAll(() => redis.dispose());

  const ended = ({ queue }: QueuePlace, run: string) => queue.follow([run], {}).then(([last]) => last!);

  /** Resolves when the run's owner has come to this step. */
  const atStep = async ({ queue }: QueuePlace, run: string, step: number) => {
    const reached = new AbortController();
    const tells = (_run: string, event: { readonly kind: string; readonly step?: number }) => {
      if (event.kind === 'checkpoint' && (event.step ?? 0) >= step) reached.abort();
    };
    await queue.follow([run], { tells }, reached.signal);
  };

  it.runIf(process.platform !== 'win32')(
    'go on elsewhere when their worker is killed, and when the next is cut off and comes back, and end with the same bytes',
    async () => {
      const place = await queuePlace(redis.url, 'killed');
      const run = await place.submit('killed', stateful);
      const first = place.worker();
      await atStep(place, run, 3);
      const killedMs = performance.now();
      first.child.kill('SIGKILL');
      const second = place.worker();
      await second.logged('training killed on cpu');
      const recoveredMs = performance.now() - killedMs;
      await atStep(place, run, 8);
      second.child.kill('SIGSTOP');
      const third = place.worker();
      await third.logged('training killed on cpu');
      second.child.kill('SIGCONT');
      await second.logged('given up');
      expect(await ended(place, run)).toMatchObject({ standing: 'finished', failures: 0 });
      const reference = await alone();
      expect(await exportedHashes(join(place.folder, 'runs', run))).toEqual(reference);
      process.stderr.write(`a killed worker's training went on after ${Math.round(recoveredMs)} ms\n`);
    },
  );

  it.runIf(process.platform !== 'win32')(
    'are given back with a checkpoint by a worker that is stopped, and found again when Redis has lost everything',
    async () => {
      const place = await queuePlace(redis.url, 'stopped');
      const run = await place.submit('stopped', { ...stateful, checkpointEvery: 60 });
      const first = place.worker();
      await first.logged('training stopped on cpu');
      const started = new AbortController();
      await place.queue.follow([run], { tells: () => started.abort() }, started.signal);
      first.child.kill('SIGTERM');
      expect(await first.ended).toEqual({ code: 0, signal: null });
      expect(await place.queue.find(run)).toMatchObject({ standing: 'waiting', failures: 0 });
      await redis.start(false);
      place.worker();
      expect(await ended(place, run)).toMatchObject({ standing: 'finished', failures: 0 });
      expect(await exportedHashes(join(place.folder, 'runs', run))).toEqual(await alone());
    },
  );

  it('that fail three times are set aside with their error, go on when retried, and are cancelled where they run', async () => {
    const place = await queuePlace(redis.url, 'failing');
    const run = await place.submit('failing', { steps: 100_000, checkpointEvery: 0 });
    await rm(join(place.folder, 'a'), { recursive: true });
    const worker = place.worker();
    expect(await ended(place, run)).toMatchObject({
      ...{ standing: 'set-aside', failures: 3, error: { code: 'FILE_NOT_FOUND' } },
    });
    await expect(place.queue.cancel(run)).rejects.toMatchObject({ code: 'USAGE' });
    const other = await trainingFolder();
    await rename(join(other, 'a'), join(place.folder, 'a'));
    await place.queue.retry(run);
    await atStep(place, run, 1);
    await place.queue.cancel(run);
    await worker.logged('training failing given up');
    expect(await place.queue.find(run)).toMatchObject({ standing: 'cancelled', failures: 0, owner: undefined });
  });
});

/** What one machine makes of it, uninterrupted. */
let reference: Promise<Readonly<Record<string, string>>> | undefined;
function alone(): Promise<Readonly<Record<string, string>>> {
  reference ??= (async () => {
    const folder = await trainingFolder();
    const args = ['--engine', 'cpu', '--threads', '1', '--steps', String(steps), '--ema', '0.9'];
    const { ended } = startTraining(folder, ['--out', 'run', ...tinyArguments, ...args]);
    expect(await ended).toEqual({ code: 0, err: '' });
    return exportedHashes(join(folder, 'run'));
  })();
  return reference;
}
