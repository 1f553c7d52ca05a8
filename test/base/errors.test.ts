import { expect, test } from 'vitest';
import { asCycleboxError, systemCodeOf } from '../../src/base/index.js';

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
