import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { type AnyPicture, decodeImage, encodeImage, imageFormats } from '../../src/image/index.js';
import { colourProfile, type ProfileName, withIcc } from '../support/colour-profiles.js';
import { maxDifference, testRgb } from '../support/pictures.js';

const [width, height] = [48, 32];
const own = testRgb(width, height);

async function file(profile: ProfileName, depth: 8 | 16 = 8): Promise<Buffer> {
  const rgb = depth === 8 ? own : Uint16Array.from(own, value => value * 257);
  const image = sharp(rgb, { raw: { width, height, channels: 3 } }).toColourspace(depth === 8 ? 'srgb' : 'rgb16');
  return withIcc(await image.png().toBuffer(), await colourProfile(profile));
}

/** Its values as they are, whatever its profile says of them. */
async function valuesOf(image: Buffer): Promise<Buffer> {
  return await sharp(image, { ignoreIcc: true }).removeAlpha().raw().toBuffer();
}

const wide: readonly ProfileName[] = ['p3', 'adobe'];

describe.each(wide)('a picture in %s', name => {
  test('is shown to networks as the sRGB that libvips makes of it', async () => {
    const image = await file(name);
    const { rgb } = await decodeImage(image, { depth: 8, colour: 'source' });
    expect(maxDifference(rgb, (await decodeImage(image)).rgb)).toBeLessThanOrEqual(2);
    expect(maxDifference(rgb, own)).toBeGreaterThan(15);
  });

  test.each([8, 16] as const)('keeps what is beyond sRGB where nothing has changed it (%i bits)', async depth => {
    const image = await file(name, depth);
    const picture = await decodeImage(image, { depth: 'source', colour: 'source' });
    const written = await encodeImage(picture, { colour: 'source' });
    const metadata = await sharp(written).metadata();
    expect(metadata.icc).toEqual(await colourProfile(name));
    expect(metadata.depth).toBe(depth === 8 ? 'uchar' : 'ushort');
    const again = await decodeImage(written, { depth: 'source', colour: 'source' });
    expect(again.space!.rgb).toEqual(picture.space!.rgb);
  });

  test.each(imageFormats)('is tagged with its own profile as a %s', async format => {
    const picture = await decodeImage(await file(name), { depth: 8, colour: 'source' });
    const written = await encodeImage(picture, {
      format,
      colour: 'source',
      quality: format === 'jpeg' ? 100 : undefined,
    });
    expect((await sharp(written).metadata()).icc).toEqual(await colourProfile(name));
    const mean = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean(await valuesOf(written)) - mean(own))).toBeLessThan(2);
  });

  test('has the colours that a network gave it where it gave it others', async () => {
    const picture = await decodeImage(await file(name), { depth: 8, colour: 'source' });
    const grey: AnyPicture = { ...picture, rgb: new Uint8Array(own.length).fill(180) };
    const written = await encodeImage(grey, { colour: 'source' });
    expect(maxDifference((await decodeImage(written)).rgb, grey.rgb)).toBeLessThanOrEqual(1);
    const negative: AnyPicture = { ...picture, rgb: picture.rgb.map(value => 255 - value) };
    const back = (await decodeImage(await encodeImage(negative, { colour: 'source' }))).rgb;
    expect(maxDifference(back, negative.rgb)).toBeLessThanOrEqual(16);
  });

  test('becomes sRGB, and says so, where nothing else is asked for', async () => {
    const written = await encodeImage(await decodeImage(await file(name), { depth: 8, colour: 'source' }));
    expect((await sharp(written).metadata()).icc!.toString('latin1').replaceAll('\0', '')).toContain('sRGB');
    expect(maxDifference((await decodeImage(written)).rgb, (await decodeImage(await file(name))).rgb)).toBeLessThan(3);
  });
});

test('a network that enlarges gives its result in the space of the source, too', async () => {
  const picture = await decodeImage(await file('p3'), { depth: 8, colour: 'source' });
  const rgb = testRgb(2 * width, 2 * height);
  const written = await encodeImage({ ...picture, width: 2 * width, height: 2 * height, rgb }, { colour: 'source' });
  expect((await sharp(written).metadata()).icc).toEqual(await colourProfile('p3'));
  const back = (await decodeImage(written)).rgb;
  // Display P3 has coarser steps than sRGB where a channel is dark and another bright.
  expect(maxDifference(back, rgb)).toBeLessThanOrEqual(8);
  expect(back.reduce((sum, value, i) => sum + Math.abs(value - rgb[i]!), 0) / rgb.length).toBeLessThan(0.7);
});

test('inks become sRGB, which is said', async () => {
  const inks = await sharp(own, { raw: { width, height, channels: 3 } })
    .toColourspace('cmyk')
    .withIccProfile('cmyk')
    .tiff()
    .toBuffer();
  expect((await sharp(inks).metadata()).channels).toBe(4);
  const picture = await decodeImage(inks, { depth: 'source', colour: 'source' });
  expect([picture.space, picture.notes]).toEqual([undefined, ['its CMYK colours became sRGB']]);
  expect(Buffer.from(picture.rgb as Uint8Array).equals(await sharp(inks).toColourspace('srgb').raw().toBuffer())).toBe(
    true,
  );
  const metadata = await sharp(await encodeImage(picture, { colour: 'source' })).metadata();
  expect(metadata).toMatchObject({ channels: 3, space: 'srgb' });
});
