/** Assertions that look as if they compared something and do not. */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';

/** Vitest takes an expression as an object without properties there, which anything has: `expect.stringMatching` compares. */
const bareExpression = /[{,]\s*\w+: \/[^/*\s]/;

test('toMatchObject is given no bare regular expression, which matches everything', async () => {
  expect({ message: 'one' }).toMatchObject({ message: /another/ });
  const files = (await readdir(join(packageRoot, 'test'), { recursive: true })).filter(file => file.endsWith('.ts'));
  const found = files.filter(file => !file.endsWith('assertions.test.ts')).flatMap(bareExpressions);
  expect(found).toEqual([]);
});

function bareExpressions(file: string): string[] {
  const [, ...calls] = readFileSync(join(packageRoot, 'test', file), 'utf8').split('toMatchObject(');
  return calls
    .map(call => call.split(/\);?\n/, 1)[0]!)
    .flatMap(call => {
      const found = bareExpression.exec(call);
      return found ? [`${file}: ${call}`] : [];
    });
}
