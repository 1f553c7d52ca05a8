import { describe, expect, it } from 'vitest';
import type { FaultPoint } from '../../src/base/index.js';
import { cyclebox, project, workThrough } from './cyclebox-process.js';
import { dropMany, expectPromiseKept, expectUntouched, published } from './promise-check.js';
import { isFull } from './scale.js';

const steps: readonly FaultPoint[] = [
  'seen',
  'claimed',
  'decoded',
  'inferred',
  'temp-written',
  'fsynced',
  'linked',
  'renamed',
  'committed',
];

describe.concurrent('the daemon, killed', () => {
  it.for(steps)(
    'right after "%s" of its third job, keeps its promise after a restart',
    async (step, { onTestFinished: whenFinished }) => {
      const root = await project({}, whenFinished);
      const inputs = await dropMany(root, 4);
      // The third begins when the first has been published; the second may be on its way to the outbox.
      const killed = await workThrough(root, {
        whenFinished,
        env: { CYCLEBOX_FAULTS: step === 'seen' ? step : `${step}@3` },
      });
      expect(killed.signal, killed.text).toBe('SIGKILL');
      const before = await published(root);
      if (step !== 'seen') expect(before.size).toBeGreaterThan(0);
      const rest = await workThrough(root, { whenFinished });
      expect(rest.code, rest.text).toBe(0);
      await expectPromiseKept(root, inputs);
      await expectUntouched(root, before);
    },
  );

  it.runIf(isFull).for(steps)(
    'right after "%s" of the first job, four times over, keeps it too',
    async (step, { onTestFinished: whenFinished }) => {
      const root = await project({}, whenFinished);
      const inputs = await dropMany(root, 3);
      for (let run = 0; run < 4; run++) {
        const before = await published(root);
        await workThrough(root, { whenFinished, env: { CYCLEBOX_FAULTS: step } });
        await expectUntouched(root, before);
      }
      const rest = await workThrough(root, { whenFinished });
      expect(rest.code, rest.text).toBe(0);
      await expectPromiseKept(root, inputs);
    },
  );

  it.runIf(isFull).for(steps)(
    'right after "%s" while it watches, keeps it too',
    async (step, { onTestFinished: whenFinished }) => {
      const root = await project({}, whenFinished);
      const inputs = await dropMany(root, 4);
      const killed = await cyclebox(root, { whenFinished, env: { CYCLEBOX_FAULTS: step } }).ended;
      expect(killed.signal, killed.text).toBe('SIGKILL');
      const before = await published(root);
      expect(await workThrough(root, { whenFinished })).toMatchObject({ code: 0 });
      await expectPromiseKept(root, inputs);
      await expectUntouched(root, before);
    },
  );
});

const workerSteps: readonly FaultPoint[] = isFull
  ? ['decoded', 'inferred', 'temp-written', 'fsynced']
  : ['inferred', 'temp-written'];

describe.concurrent('the worker, killed', () => {
  // The first process dies over the last picture, which is the first of the next one: no picture kills two.
  it.for(workerSteps)(
    'right after "%s" of its last job, costs no image',
    async (step, { onTestFinished: whenFinished }) => {
      const root = await project({}, whenFinished);
      const inputs = await dropMany(root, 3);
      const run = await workThrough(root, { whenFinished, env: { CYCLEBOX_FAULTS: `${step}@3:worker` } });
      expect(run.code, run.text).toBe(0);
      expect(run.text).toContain('PROCESS_CRASHED');
      await expectPromiseKept(root, inputs);
    },
  );
});
