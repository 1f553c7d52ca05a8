/**
 * CRC-32C (Castagnoli), as in RFC 3720, appendix B.4: reflected polynomial 0x82f63b78, all ones before and after. Not
 * the CRC-32 of zip and PNG.
 */

const polynomial = 0x82f63b78;
const table = Uint32Array.from({ length: 256 }, (_, byte) => remainder(byte));

function remainder(byte: number): number {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value >>> 0;
}

/** The checksum of `bytes`, in [0, 2³²). */
export function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = table[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** As TFRecord files hold it (tensorflow/core/lib/hash/crc32c.h): turned and shifted, so that it can be checked itself. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
