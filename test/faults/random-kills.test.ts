import { describe, expect, it } from 'vitest';
import { childrenOf, cyclebox, isDone, type LogRecord, project, workThrough } from './cyclebox-process.js';
import { dropMany, expectPromiseKept, expectUntouched, published } from './promise-check.js';
import { chance, scaled, seed } from './scale.js';

const kills = scaled(4, 200);
/** Fresh folders after this many kills, so that most of them hit a daemon with work to do. */
const killsPerProject = 10;

const passed = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

describe(`at random instants (CYCLEBOX_FAULTS_SEED=${seed})`, () => {
  it(`the daemon killed ${kills} times keeps its promise, and never touches what it has published`, {
    timeout: 60_000 + kills * 10_000,
  }, async () => {
    const random = chance();
    for (let left = kills; left > 0; left -= killsPerProject) {
      const root = await project();
      const inputs = await dropMany(root, 24);
      let longestMs = await timeToFirstOutput(root);
      for (let kill = 0; kill < Math.min(left, killsPerProject); kill++) {
        const before = await published(root);
        // Every second run watches, the others work through what is there and may be over before they are killed.
        const run = cyclebox(root, { args: kill % 2 === 0 ? ['start'] : ['start', '--once'] });
        const instantMs = random.uniform() * longestMs;
        await Promise.race([passed(instantMs), run.ended]);
        const { code, text } = await run.kill();
        expect(code === null || code === 0, text).toBe(true);
        await expectUntouched(root, before);
        longestMs *= 1.1;
      }
      const rest = await workThrough(root);
      expect(rest.code, rest.text).toBe(0);
      await expectPromiseKept(root, inputs);
    }
  });

  it('the worker killed costs at most the images that it died over twice, and those can be retried', {
    timeout: 600_000,
  }, async () => {
    const random = chance();
    const root = await project();
    const inputs = await dropMany(root, scaled(6, 60));
    const run = cyclebox(root);
    for (let kill = 1; kill <= scaled(1, 20); kill++) {
      const count = kill * 2;
      await run.until(() => run.records.filter(isDone).length >= count);
      await passed(random.uniform() * 100);
      for (const worker of await childrenOf(run.pid)) process.kill(worker, 'SIGKILL');
    }
    const hasFailed = (record: LogRecord) => record['level'] === 50 && record['path'] !== undefined;
    await run.until(() => run.records.filter(record => isDone(record) || hasFailed(record)).length >= inputs.length);
    await run.stop();
    // Set aside, each with the reason: only pictures over which the worker died twice.
    for (const { code } of run.records.filter(hasFailed)) expect(code).toBe('PROCESS_CRASHED');
    const retried = await cyclebox(root, { args: ['queue', 'retry', '--failed'] }).ended;
    expect(retried.code, retried.text).toBe(0);
    const rest = await workThrough(root);
    expect(rest.code, rest.text).toBe(0);
    await expectPromiseKept(root, inputs);
  });
});

/** From the start of a process, with one output made. */
async function timeToFirstOutput(root: string): Promise<number> {
  const startMs = performance.now();
  const run = cyclebox(root);
  await run.heard(isDone);
  const tookMs = performance.now() - startMs;
  await run.kill();
  return tookMs * 1.3;
}
