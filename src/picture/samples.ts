/** How deep the values of a picture are, and the way from one depth to the other. */
import type { AnyPicture, Picture, PictureOf, Samples } from './picture.js';

/** A value of 16 bits is a byte times this: 255 × 257 = 65535. */
const bytesToDeep = 257;

export function isDeep(picture: Pick<AnyPicture, 'rgb'>): picture is Pick<PictureOf<Uint16Array>, 'rgb'> {
  return picture.rgb instanceof Uint16Array;
}

/** The value of white, and of full opacity. */
export function whiteOf(samples: Samples): 255 | 65_535 {
  return samples instanceof Uint16Array ? 65_535 : 255;
}

/** Zeros, of the depth of `like`. */
export function samplesLike<S extends Samples>(like: S, length: number): S {
  return (like instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length)) as S;
}

/** Each value becomes the byte nearest to it. */
export function toEightBits(picture: AnyPicture): Picture {
  const { rgb, alpha, ...rest } = picture;
  return { ...rest, rgb: bytesOf(rgb), ...(alpha && { alpha: bytesOf(alpha) }) };
}

export function toSixteenBits(picture: AnyPicture): PictureOf<Uint16Array> {
  const { rgb, alpha, ...rest } = picture;
  return { ...rest, rgb: deepOf(rgb), ...(alpha && { alpha: deepOf(alpha) }) };
}

function bytesOf(samples: Samples): Uint8Array {
  if (samples instanceof Uint8Array) return samples;
  const bytes = new Uint8Array(samples.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(samples[i]! / bytesToDeep + 0.5);
  return bytes;
}

function deepOf(samples: Samples): Uint16Array {
  if (samples instanceof Uint16Array) return samples;
  const deep = new Uint16Array(samples.length);
  for (let i = 0; i < deep.length; i++) deep[i] = samples[i]! * bytesToDeep;
  return deep;
}
