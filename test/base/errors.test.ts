import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asCycleboxError, packageRoot, systemCodeOf } from '../../src/base/index.js';

test.each([
  ['EMFILE', /ulimit -n/],
  ['ENFILE', /whole system/],
  ['EAGAIN', /ulimit -u/],
  ['ENOMEM', /no more memory/],
])('a limit of the system (%s) is no defect: it says what to raise, and stays known by its cause', (code, remedy) => {
  const error = asCycleboxError(Object.assign(new Error(`${code}: no more`), { code }));
  expect(error).toMatchObject({ code: 'LIMIT_REACHED', message: expect.stringMatching(remedy) });
  expect(systemCodeOf(error)).toBe(code);
});

test('what was met while doing something keeps the code of that, and a defect stays one', () => {
  const full = Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
  expect(asCycleboxError(full, {}, 'WRITE_FAILED').code).toBe('WRITE_FAILED');
  expect(asCycleboxError(new TypeError('x is undefined')).code).toBe('INTERNAL');
});

test('a module that is there and cannot be read is a limit of the system, one that is missing a defect', async () => {
  const missing = (message: string) => Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });
  const here = import.meta.filename;
  for (const message of [
    `Cannot find package 'vitest' imported from ${here}`,
    `Cannot find package '${join(packageRoot, 'node_modules/vitest/index.js')}' imported from ${here}`,
    `Cannot find module '${here}' imported from ${join(packageRoot, 'x.js')}`,
  ])
    expect(asCycleboxError(missing(message))).toMatchObject({
      code: 'LIMIT_REACHED',
      message: expect.stringMatching(/^EMFILE: Cannot find .*"ulimit -n 1024"/),
    });
  const really: unknown = await import('cyclebox-no-such-package' as string).catch((error: unknown) => error);
  for (const error of [really, missing(`Cannot find package 'no-such-package' imported from ${here}`)])
    expect(asCycleboxError(error).code).toBe('INTERNAL');
});
