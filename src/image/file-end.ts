/**
 * Whether an image's file has come to its end: what its container says of its length, and whether what should be coded data is
 * zeros, as in a file that was given its size before its content. Decoders are content with less: they fill up.
 */
import type { ImageFormat } from '../picture/index.js';

/** Why the file cannot be whole, to follow a colon; undefined where nothing speaks against it. */
export function missingEnd(bytes: Uint8Array, format: ImageFormat): string | undefined {
  if (format === 'png') return hasPngEnd(bytes) ? undefined : 'its end is missing';
  if (format !== 'webp' && format !== 'avif') return undefined;
  const end = format === 'webp' ? riffEnd(bytes) : boxesEnd(bytes);
  if (bytes.length < end) return `it has ${bytes.length} bytes and says that it has ${end}`;
  const zeros = zeroTail(bytes.subarray(0, end));
  // The coded data of a plain WebP ends in zeros too: up to a twentieth of it, as measured on single colours.
  return zeros > end / 8 ? `its last ${zeros} bytes are zeros` : undefined;
}

/**
 * Zeros at the end of coded data, or of pixels: a copy that is still under way looks like that, but so does a plain dark
 * image. How many there are, where there are so many that waiting is worth while; else 0.
 */
export function suspiciousZeros(bytes: Uint8Array, format: ImageFormat): number {
  // These two are known to be whole by their last marker.
  if (format === 'jpeg' || format === 'png') return 0;
  const zeros = zeroTail(format === 'webp' ? bytes.subarray(0, riffEnd(bytes)) : bytes);
  return zeros >= 64 ? zeros : 0;
}

function zeroTail(bytes: Uint8Array): number {
  let at = bytes.length;
  while (at > 0 && bytes[at - 1] === 0) at--;
  return bytes.length - at;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const riffEnd = (bytes: Uint8Array): number => (bytes.length < 8 ? 8 : 8 + viewOf(bytes).getUint32(4, true));

/** Where the last of the boxes ends that a file is made of (ISO 14496-12). */
function boxesEnd(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  let at = 0;
  while (at + 16 <= bytes.length) {
    const size = view.getUint32(at);
    const length = size === 1 ? Number(view.getBigUint64(at + 8)) : size;
    if (length < 8) break;
    at += length;
  }
  return at;
}

/** The decoder is content with a PNG whose last chunk is cut; a copy that is still under way looks just like that. */
function hasPngEnd(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === 0x49454e44) return true;
  }
  return false;
}
