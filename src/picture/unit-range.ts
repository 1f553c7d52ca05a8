/** The two scales of a colour value, bytes from 0 to 255 and the networks' range from -1 to 1, and the way between them. */

/** Byte b ↦ b / 127.5 - 1. */
export const toUnitRange = (byte: number): number => byte / 127.5 - 1;

/** A value of the network's range as a byte, on a scale that rounds when it is stored: [-1, 1] ↦ [0, 255]. */
export const toByteScale = (value: number): number => (value + 1) * 127.5;

/** The byte nearest to `value`, which is on the byte scale and may lie outside of it. */
export function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value + 0.5);
}

/** `value` of the byte scale, which may lie outside of it, as the nearest of the values up to `white`: 255, or 65535. */
export function toSample(value: number, white: number): number {
  return value <= 0 ? 0 : value >= 255 ? white : Math.floor((value * white) / 255 + 0.5);
}
