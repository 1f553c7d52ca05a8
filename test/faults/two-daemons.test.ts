import { describe, expect, it } from 'vitest';
import { type CycleboxProcess, configure, cyclebox, isDone, project, workThrough } from './cyclebox-process.js';
import { drop, dropMany, expectPromiseKept } from './promise-check.js';
import { isFull, scaled } from './scale.js';

const isWatching = (record: { readonly msg?: string }) => record.msg?.startsWith('watching') === true;

describe('two daemons with a state of their own, on one inbox', () => {
  async function twoStates(): Promise<string> {
    const root = await project();
    await configure(root, { state: 'state-a' }, 'a.json');
    await configure(root, { state: 'state-b', rescanMs: 500 }, 'b.json');
    return root;
  }
  const start = (root: string, config: string) => cyclebox(root, { args: ['start', '--config', config] });

  const donePaths = (...runs: CycleboxProcess[]) =>
    new Set(runs.flatMap(run => run.records.filter(isDone).map(record => record['path'])));

  it('make every output once, of files that were there and of files that arrive', { timeout: 600_000 }, async () => {
    const count = scaled(40, 1000);
    const root = await twoStates();
    const half = count >> 1;
    const inputs = await dropMany(root, half);
    const [a, b] = [start(root, 'a.json'), start(root, 'b.json')];
    await Promise.all([a.heard(isWatching), b.heard(isWatching)]);
    for (let index = half; index < count; index++) {
      const path = `day-to-night/${String(index).padStart(4, '0')}.png`;
      await drop(root, path, index);
      inputs.push(path);
    }
    const areAllDone = () => donePaths(a, b).size >= count;
    await Promise.race([a.until(areAllDone), b.until(areAllDone)]);
    expect((await a.stop()).code).toBe(0);
    expect((await b.stop()).code).toBe(0);
    for (const config of ['a.json', 'b.json']) {
      const rest = await workThrough(root, { config });
      expect(rest.code, rest.text).toBe(0);
    }
    await expectPromiseKept(root, inputs);
  });

  it.runIf(isFull)('finish what the other one left when it was killed', { timeout: 300_000 }, async () => {
    const root = await twoStates();
    const inputs = await dropMany(root, scaled(16, 100));
    const [a, b] = [start(root, 'a.json'), start(root, 'b.json')];
    await a.heard(isDone);
    await a.kill();
    await b.until(() => donePaths(a, b).size >= inputs.length - 1);
    await b.stop();
    for (const config of ['b.json', 'a.json']) {
      const rest = await workThrough(root, { config });
      expect(rest.code, rest.text).toBe(0);
    }
    await expectPromiseKept(root, inputs);
  });
});
