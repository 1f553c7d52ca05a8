import { createHash } from 'node:crypto';
import { readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  isTemporaryName,
  pixelPathsFor,
  pixelsInBytes,
  temporaryOwner,
  temporaryPathFor,
} from '../../src/base/index.js';
import {
  type AnyPicture,
  decodeImage,
  decodeOrStore,
  encodeImage,
  pictureOfStored,
  type Samples,
  type StoredImage,
} from '../../src/image/index.js';
import { colourProfile, withIcc } from '../support/colour-profiles.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';
import { type FieldSpec, plainDirectory, plainTiff, tiffBytes } from '../support/tiff-bytes.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

const choice = () => ({ temporary: join(folder, 'pixels.v'), abovePixels: 1000 });

async function image(name: string, format: 'png' | 'tiff' = 'png'): Promise<string> {
  const path = join(folder, name);
  await writeFile(
    path,
    await encodeImage(testPicture(60, 40), { format, compression: format === 'tiff' ? 'none' : 6 }),
  );
  return path;
}

async function stored(path: string, more = {}, choices = {}): Promise<StoredImage> {
  const found = await decodeOrStore(path, { depth: 'source', ...more }, { ...choice(), ...choices });
  expect('kind' in found).toBe(true);
  onTestFinished(() => (found as StoredImage).dispose());
  return found as StoredImage;
}

const bandsOf = { grey: 1, 'grey and alpha': 2, colour: 3, 'colour and alpha': 4, 'a fifth band': 5 } as const;

async function banded(bands: keyof typeof bandsOf, bits: 8 | 16, profile: 'none' | 'p3'): Promise<Buffer> {
  const channels = bandsOf[bands];
  const [width, height] = [61, 41];
  const values = Array.from({ length: width * height * channels }, (_, i) => (i * 40_503 + (i >> 7)) % 2 ** bits);
  const data = bits === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
  // Red, green, blue, one that means nothing, and opacity.
  const fifth = { width, height, samples: 5, bits, fields: [[338, 3, [0, 2]]] } as const;
  if (channels === 5) return plainTiff(fifth, new Uint8Array(data.buffer));
  const spaces = { 8: ['b-w', 'srgb'], 16: ['grey16', 'rgb16'] } as const;
  const space = spaces[bits][channels < 3 ? 0 : 1];
  const png = await sharp(data, { raw: { width, height, channels } }).toColourspace(space).png().toBuffer();
  return profile === 'none' ? png : withIcc(png, await colourProfile(profile));
}

/** Plain arrays, since buffers are as good as arrays of bytes. */
function comparable(picture: AnyPicture): unknown {
  const { rgb, alpha, space, ...rest } = picture;
  const plain = (samples: Samples | undefined) => samples && [samples.BYTES_PER_ELEMENT, ...samples];
  return { ...rest, rgb: plain(rgb), alpha: plain(alpha), own: plain(space?.rgb), icc: space?.icc };
}

describe('decode-or-store', () => {
  test.each([
    ['that is read whole', {}],
    ['that is not', { heldBytes: 100 }],
  ])('a file %s lies in a file without a name, and its bytes are told', async (_, choices) => {
    const path = await image('a.tif', 'tiff');
    const hash = createHash('sha256');
    const found = await stored(
      path,
      { onRead: (bytes: Uint8Array) => hash.update(bytes), onOpened: async () => {} },
      choices,
    );
    expect(await readdir(folder)).toEqual(['a.tif']);
    expect(maxDifference((await pictureOfStored(found)).rgb, (await decodeImage(path)).rgb)).toBe(0);
    expect(hash.digest('hex')).toBe(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  });

  test.runIf(process.platform === 'linux')('what comes to its path after it was opened is not read', async () => {
    const [path, other] = [await image('a.tif', 'tiff'), join(folder, 'secret.tif')];
    await writeFile(other, await encodeImage(testPicture(90, 90), { format: 'tiff' }));
    const onOpened = async () => {
      await rename(path, join(folder, 'moved.tif'));
      await symlink(other, path);
    };
    const { width, height } = await stored(path, { onOpened }, { heldBytes: 100 });
    expect([width, height]).toEqual([60, 40]);
  });

  test('a link in its place is refused before that', async () => {
    const path = await image('a.png');
    await symlink(path, join(folder, 'link.png'));
    const limits = { depth: 'source' as const, onOpened: async () => {} };
    await expect(decodeOrStore(join(folder, 'link.png'), limits, choice())).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });

  test.each(
    (['grey', 'grey and alpha', 'colour', 'colour and alpha', 'a fifth band'] as const).flatMap(bands =>
      ([8, 16] as const).flatMap(bits =>
        (['none', 'p3'] as const).flatMap(profile =>
          (['source', 8, 16] as const).flatMap(depth =>
            (['srgb', 'source'] as const).map(colour => ({ bands, bits, profile, depth, colour })),
          ),
        ),
      ),
    ),
  )('is as it is in memory, whatever it is made of: %j', async ({ bands, bits, profile, ...how }) => {
    const path = join(folder, 'image');
    await writeFile(path, await banded(bands, bits, profile));
    const held = await decodeImage(path, { metadata: 'keep', ...how });
    const lying = await pictureOfStored(await stored(path, { metadata: 'keep', ...how }));
    expect(comparable(lying)).toEqual(comparable(held));
  });

  test('of a TIFF that is not read whole, EXIF and place are known all the same', async () => {
    const path = join(folder, 'a.tif');
    const below = new Map([
      [34_665, [{ fields: [[36_867, 2, '2024:05:17 09:30:11']] satisfies FieldSpec[] }]],
      [34_853, [{ fields: [[1, 2, 'N']] satisfies FieldSpec[] }]],
    ]);
    const plain = plainDirectory({ width: 60, height: 40, samples: 3, fields: [[315, 2, 'Ann Example']] });
    await writeFile(path, tiffBytes({ directories: [{ ...plain, below }] }));
    const { metadata } = await stored(path, { metadata: 'keep' }, { heldBytes: 100 });
    expect(metadata).toEqual((await decodeImage(path, { metadata: 'keep' })).metadata);
    expect([metadata!.exif.length, metadata!.gps.length]).toEqual([1, 1]);
  });

  test('files of pixels are swept with the temporary that they are beside', () => {
    const temporary = temporaryPathFor(join(folder, 'a.jpg'), '0123456789ab.01234567');
    const beside = pixelPathsFor(temporary);
    for (const path of [temporary, ...Object.values(beside), pixelsInBytes(beside.result)]) {
      const name = path.slice(folder.length + 1);
      expect(isTemporaryName(name)).toBe(true);
      expect(temporaryOwner(name)).toBe('0123456789ab.01234567');
    }
    expect(isTemporaryName('.cyclebox-a.tif')).toBe(false);
  });
});
