import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foreignModel, message, node } from '../../support/foreign-onnx.js';
import { temporaryFolder, testSharp } from '../../support/pictures.js';
import { cyclebox } from '../../support/project.js';

const [int64, bool] = [7, 9];

/** A scalar of INT64 or BOOL that holds the given bytes. */
const scalar = (name: string, type: number, bytes: Uint8Array) => message([2, type], [8, name], [9, bytes]);

/** Of a single value, where no other shape is given. */
const value = (name: string, type: number, ...shape: readonly (readonly [2, Uint8Array])[]) =>
  message([1, name], [2, message([1, message([1, type], ...shape)])]);
const one = [2, message()] as const;

/** Negates an image 2^62 times where it is wider than 512 pixels, else twice. */
function endlessForWideImages(): Buffer {
  const body = message(
    [1, node('Identity', ['go'], ['going'])],
    [1, node('Neg', ['v'], ['next'])],
    [2, 'body'],
    [11, value('turn', int64, one)],
    [11, value('go', bool, one)],
    [11, value('v', 1)],
    [12, value('going', bool, one)],
    [12, value('next', 1)],
  );
  const loop = message(
    ...['turns', 'yes', 'image'].map(name => [1, name] as const),
    [2, 'translated'],
    [4, 'Loop'],
    [5, message([1, 'body'], [6, body], [20, 5])],
  );
  const number = (n: bigint) => Buffer.from(BigInt64Array.of(n).buffer);
  return foreignModel({
    nodes: [
      node('Shape', ['image'], ['shape']),
      node('Gather', ['shape', 'last'], ['width']),
      node('Greater', ['width', 'limit'], ['isWide']),
      node('Where', ['isWide', 'forever', 'twice'], ['turns']),
      loop,
    ],
    weights: [
      scalar('last', int64, number(3n)),
      scalar('limit', int64, number(512n)),
      scalar('forever', int64, number(2n ** 62n)),
      scalar('twice', int64, number(2n)),
      scalar('yes', bool, Uint8Array.of(1)),
    ],
  });
}

test('translate --timeout ends an image that takes for ever, names it, and loses none of those beside it', async () => {
  const root = await temporaryFolder();
  await writeFile(join(root, 'm.onnx'), endlessForWideImages());
  await testSharp(640, 16).png().toFile(join(root, 'wide.png'));
  for (const name of ['before', 'small', 'after'])
    await testSharp(16, 16)
      .png()
      .toFile(join(root, `${name}.png`));
  const files = ['before.png', 'wide.png', 'small.png', 'after.png'];
  const options = ['--model', 'm.onnx', '--engine', 'cpu', '--threads', '1', '--timeout', '8'];
  const { code, out, err } = await cyclebox(root, 'translate', ...files, ...options).ended;
  expect(err).toContain('TIMED_OUT: It took longer than 8 s and was ended.');
  expect(out.match(/^\w+\.png(?= → )/gm)).toEqual(['before.png', 'small.png', 'after.png']);
  expect(code).toBe(1);
});
