import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireApart } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';

describe('folders that must lie apart', () => {
  it('may lie beside each other, under names that begin alike, and need not be there yet', async () => {
    const root = await temporaryFolder();
    await requireApart('inbox', join(root, 'in'), 'outbox', join(root, 'in out'));
    await requireApart('inbox', join(root, 'in'), 'outbox', join(root, '..out'));
  });

  it.each([
    ['the same', 'in', 'in'],
    ['one inside the other', 'in', 'in/..out'],
    ['one around the other', 'in/deep/er', 'in'],
    ['through a link above a folder that is not there yet', 'in', 'link/later'],
  ])('are refused, with both and where they are: %s', async (_, a, b) => {
    const root = await temporaryFolder();
    await mkdir(join(root, 'in'));
    await symlink(join(root, 'in'), join(root, 'link'));
    await expect(requireApart('inbox', join(root, a), 'archive', join(root, b))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^inbox \(\S+in\S*\) and archive \(\S+in\S*\) must lie apart/),
    });
  });
});
