/**
 * Raw values out of sharp, at the depth that is asked for: left to itself it makes bytes of everything. The bytes of what
 * it gives lie in the byte order of the machine, as those of typed arrays do.
 */
import type { Sharp } from 'sharp';
import type { Samples } from '../picture/index.js';

/** The image with values as deep as `like`, for whatever it is written as. @param channels 1: of one channel, else red, green and blue with or without alpha */
export function atDepth(image: Sharp, like: Samples, channels: 1 | 3): Sharp {
  const isDeep = like instanceof Uint16Array;
  if (channels === 1) return image.toColourspace(isDeep ? 'grey16' : 'b-w');
  return image.toColourspace(isDeep ? 'rgb16' : 'srgb');
}

/** The image's values, as deep as `like`. @param channels as above */
export function rawOf(image: Sharp, like: Samples, channels: 1 | 3): Sharp {
  return atDepth(image, like, channels).raw({ depth: like instanceof Uint16Array ? 'ushort' : 'uchar' });
}

/** What `rawOf` gave, as an array of the kind of `like`. */
export function asSamplesOf<S extends Samples>(like: S, bytes: Buffer): S {
  return (like instanceof Uint16Array ? deepSamples(bytes) : bytes) as S;
}

/** A view where the bytes lie as 16-bit values have to, else a copy. */
export function deepSamples(bytes: Buffer): Uint16Array {
  const { buffer, byteOffset, length } = aligned(bytes);
  return new Uint16Array(buffer, byteOffset, length / 2);
}

function aligned(bytes: Buffer): Uint8Array {
  return bytes.byteOffset % 2 === 0 ? bytes : Uint8Array.from(bytes);
}
