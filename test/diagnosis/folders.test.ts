import { expect, test } from 'vitest';
import { unwritable } from '../../src/diagnosis/folders.js';

test('a folder that belongs to another user can be given to this one, by one command', () => {
  expect(unwritable('outbox', '/srv/out', '/srv/out', 'EACCES')).toMatchObject({
    blocking: true,
    message:
      'The outbox /srv/out cannot be written to: this user may not write there. Give it to this user, or name another outbox in the configuration.',
    remedy: `sudo chown -R "$(id -un)" /srv/out`,
  });
});

test("a folder that is to be made in one of another user is made by one command; the other user's stays theirs", () => {
  expect(unwritable('outbox', "/Ann's out", '/', 'EACCES')).toMatchObject({
    message: expect.stringContaining("outbox /Ann's out, to be made in /, cannot"),
    remedy: `sudo install -d -o "$(id -un)" '/Ann'\\''s out'`,
  });
});

test.each([
  ['EROFS', 'the disk is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['EIO', 'EIO'],
])('what no change of its owner would help says so in words: %s', (fault, words) => {
  expect(unwritable('inbox', '/mnt', '/mnt', fault)).toMatchObject({
    message: `The inbox /mnt cannot be written to: ${words}. Name another inbox in the configuration.`,
    remedy: undefined,
  });
});
