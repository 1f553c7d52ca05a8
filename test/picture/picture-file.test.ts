import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPicture, writePicture } from '../../src/image/index.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';

test.each([false, true])('a picture comes back as it was written (alpha: %s)', async alpha => {
  const folder = await temporaryFolder();
  const picture = testPicture(13, 7, { alpha });
  await writePicture(join(folder, 'job.pixels'), picture);
  const back = await readPicture(join(folder, 'job.pixels'));
  expect({ ...back, rgb: [...back.rgb], alpha: [...(back.alpha ?? [])] }).toEqual({
    ...picture,
    rgb: [...picture.rgb],
    alpha: [...(picture.alpha ?? [])],
  });
  expect(await readdir(folder)).toEqual(['job.pixels']);
});

test('every byte of the header is checked, and so is the length', async () => {
  const path = join(await temporaryFolder(), 'job.pixels');
  await writePicture(path, testPicture(13, 7));
  const good = await readFile(path);
  const refused = async (bytes: Uint8Array) => {
    await writeFile(path, bytes);
    await expect(readPicture(path)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT', subject: { file: path } });
  };
  for (const at of [0, 7, 8, 9, 10, 11, 12, 15, 16, 19]) {
    const bytes = Buffer.from(good);
    bytes[at] = 0xfe;
    await refused(bytes);
  }
  for (const length of [0, 8, 19, 20, good.length - 1]) await refused(good.subarray(0, length));
  await refused(Buffer.concat([good, Buffer.from([0])]));
});

test('a missing file and a folder that is not there are coded errors', async () => {
  const folder = await temporaryFolder();
  await expect(readPicture(join(folder, 'no'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  await expect(writePicture(join(folder, 'no', 'x'), testPicture(1, 1))).rejects.toMatchObject({
    code: 'WRITE_FAILED',
  });
});
