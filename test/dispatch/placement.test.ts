import { describe, expect, it } from 'vitest';
import { ahead, type Candidate, jobFor, maxPassedOver, workerFor } from '../../src/dispatch/placement.js';

const worker = (given: number, loaded: readonly string[] = [], slots = 1, lacks = ''): Candidate => ({
  ...{ slots, given },
  serves: ({ model }) => model !== 'unknown',
  hasModel: ({ model }) => loaded.includes(model),
  hasFile: ({ model }) => model !== lacks,
});
const job = (model: string, passedOver = 0) => ({ model, passedOver });

describe('placement', () => {
  it('gives a job to the free worker that has its model loaded', () => {
    const [bare, loaded] = [worker(0), worker(0, ['m'])];
    expect(workerFor(job('m'), [bare, loaded])).toBe(loaded);
  });

  it('gives a job to a free worker that has the file of its model before one that has to fetch it', () => {
    const [lacking, busy, having] = [worker(0, [], 1, 'm'), worker(1, ['m']), worker(0)];
    expect(workerFor(job('m'), [lacking, busy, having])).toBe(having);
    expect(workerFor(job('m'), [lacking, busy])).toBe(lacking);
  });

  it('has a model loaded elsewhere before a worker stands still', () => {
    const [busy, free] = [worker(1, ['m']), worker(0)];
    expect(workerFor(job('m'), [busy, free])).toBe(free);
  });

  it('gives a worker one job beyond what it runs, and no more', () => {
    const [full, room] = [worker(1 + ahead), worker(1)];
    expect(workerFor(job('m'), [full, room])).toBe(room);
    expect(workerFor(job('m'), [full])).toBeUndefined();
  });

  it('gives nothing to who cannot do it', () => {
    expect(workerFor(job('unknown'), [worker(0)])).toBeUndefined();
    expect(jobFor(worker(0), [job('unknown')])).toBeUndefined();
  });

  it('lets a worker take a later job whose model it has, until an earlier one was passed over often enough', () => {
    const [first, later] = [job('other'), job('m')];
    expect(jobFor(worker(0, ['m']), [first, later])).toBe(later);
    const waitedLong = job('other', maxPassedOver);
    expect(jobFor(worker(0, ['m']), [waitedLong, later])).toBe(waitedLong);
  });
});
