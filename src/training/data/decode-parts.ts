/**
 * One file to the pictures that a training takes from it: decoded as `cyclebox translate` decodes, cut where the file
 * holds two, scaled. Runs in a decoding thread or without one; requests and results are plain data that can be posted.
 */
import { CycleboxError } from '../../base/index.js';
import { decodeImage, type Picture, resizePicture } from '../../image/index.js';
import type { Size } from './geometry.js';

/** In pixels of the file, upright. */
export interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/** Interleaved RGB bytes, `width * height * 3` of them. */
export type Pixels = Pick<Picture, 'width' | 'height' | 'rgb'>;

export interface DecodeRequest {
  readonly path: string;
  /** What the file's size was when it was scanned. */
  readonly expected: Size;
  readonly regions: readonly Region[];
  /** What every region is scaled to. */
  readonly to: Size;
}

/** The regions' pictures, in order. @throws IMAGE_* and FILE_* naming the file */
export async function decodeParts({ path, expected, regions, to }: DecodeRequest): Promise<readonly Pixels[]> {
  const picture = await decodeImage(path);
  if (picture.width !== expected.width || picture.height !== expected.height) throw changed(path, picture, expected);
  return Promise.all(
    regions.map(async region => {
      const { width, height, rgb } = await resizePicture(cut(picture, region), to.width, to.height);
      return { width, height, rgb };
    }),
  );
}

function cut(picture: Picture, { left, top, width, height }: Region): Picture {
  if (width === picture.width && height === picture.height) return picture;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * 3;
    rgb.set(picture.rgb.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, rgb, format: picture.format };
}

function changed(path: string, now: Size, then: Size): CycleboxError {
  const message = `${path} has changed since the training looked at it: it was ${then.width} × ${then.height} and is ${now.width} × ${now.height}. Start again to train on it.`;
  return new CycleboxError('IMAGE_CORRUPT', message, { subject: { file: path } });
}
