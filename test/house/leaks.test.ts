/** What watches over all test files, watched: it must fail those that leave something behind, and only those. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';

const vitest = join(packageRoot, 'node_modules/vitest/vitest.mjs');

interface Report {
  readonly testResults: readonly { readonly name: string; readonly status: string; readonly message: string }[];
}

it('a test file that leaves a timer, watcher, process or session behind fails, and says what', async () => {
  const args = ['run', '--config', 'test/fixtures/leaks/vitest.config.ts', '--reporter=json'];
  const run = promisify(execFile)(process.execPath, [vitest, ...args], { cwd: packageRoot, encoding: 'utf8' });
  const { stdout } = await run.catch((failed: { stdout: string }) => failed);
  const { testResults } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Report;
  const outcomes = testResults.map(({ name, status, message }) => {
    const [kind] = /([a-z]+)\.leak\.ts$/.exec(name)!.slice(1);
    return [kind, status, new RegExp(`${kind}: \\d`).test(message)];
  });
  expect(outcomes.sort()).toEqual([
    ['nothing', 'passed', false],
    ['process', 'failed', true],
    ['session', 'failed', true],
    ['timer', 'failed', true],
    ['watcher', 'failed', true],
  ]);
});
