/** IEEE 754 half precision, as 16-bit words: JavaScript has no array of them on every Node that cyclebox runs on. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Rounded to nearest, ties to even; beyond 65504 infinite, below 2^-24 zero or the smallest value. */
export function toFloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, halfOf);
}

function halfOf(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  // Subnormal: whole multiples of 2^-24; 1024 of them are the smallest normal number, as the bits have it.
  if (magnitude < 0x38800000) return sign | (rounded(Math.abs(value) * 2 ** 24) & 0xffff);
  // The 13 bits that go are rounded; a carry into the exponent is right, up to infinity.
  return sign | (((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13) & 0x7fff);
}

/** The value of one word. */
export function fromFloat16(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const fraction = word & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

let table: Float32Array | undefined;

/** The values of many words: looked up, since models have millions. */
export function fromFloat16s(words: ArrayLike<number>): Float32Array {
  table ??= tabulated();
  const values = new Float32Array(words.length);
  for (let at = 0; at < values.length; at++) values[at] = table[words[at]!]!;
  return values;
}

function tabulated(): Float32Array {
  const values = new Float32Array(2 ** 16);
  for (let word = 0; word < values.length; word++) values[word] = fromFloat16(word);
  return values;
}

/** To the nearest whole number, ties to even. */
function rounded(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
