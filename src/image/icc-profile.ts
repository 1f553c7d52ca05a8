/**
 * ICC profiles of the kind that working spaces have: a curve for each channel and a matrix (sRGB, Display P3, Adobe RGB, ProPhoto,
 * Rec. 2020), or one curve for grey. Profiles that are tables, as printers and scanners have them, are none, and left to libvips.
 *
 * ICC.1:2022, 7.2 (header), 8.3 and 8.4 (which tags), 10.6 (curv), 10.18 (para), 10.31 (XYZ).
 */

export interface MatrixProfile {
  readonly kind: 'colour' | 'grey';
  /** From values in [0, 1] to light in [0, 1], for red, green and blue; for grey, thrice the same. */
  readonly curves: readonly [Curve, Curve, Curve];
  /** Rows first: light of the three to XYZ under D50. */
  readonly matrix: readonly number[];
}

type Curve = (value: number) => number;

/** Of sRGB (IEC 61966-2-1), adapted to D50 by Bradford's method, as its profiles have it. */
export const srgbMatrix = [
  ...[0.4360747, 0.3850649, 0.1430804],
  ...[0.2225045, 0.7168786, 0.0606169],
  ...[0.0139322, 0.0971045, 0.7141733],
];

/** IEC 61966-2-1: a value in [0, 1] as light. */
export const srgbToLight: Curve = value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/** By its signature; what says less is passed over. */
export function isProfile(icc: Uint8Array | undefined): icc is Uint8Array {
  return icc !== undefined && icc.length >= 132 && String.fromCharCode(...icc.subarray(36, 40)) === 'acsp';
}

/** Undefined for what is no such profile, or damaged. */
export function parseProfile(icc: Uint8Array | undefined): MatrixProfile | undefined {
  if (!isProfile(icc)) return undefined;
  const bytes = Buffer.from(icc.buffer, icc.byteOffset, icc.length);
  const tags = tagsOf(bytes);
  const space = bytes.toString('latin1', 16, 20);
  if (space === 'GRAY') return greyProfile(tags);
  // Where there are tables, they go before the matrix.
  if (space !== 'RGB ' || bytes.toString('latin1', 20, 24) !== 'XYZ ' || tags.has('A2B0')) return undefined;
  const [r, g, b] = curvesOf(['rTRC', 'gTRC', 'bTRC'].map(name => tags.get(name)));
  const columns = ['rXYZ', 'gXYZ', 'bXYZ'].map(name => xyzOf(tags.get(name)));
  if (!r || !g || !b || columns.some(column => !column)) return undefined;
  const matrix = [0, 1, 2].flatMap(row => columns.map(column => column![row]!));
  return inverseOf(matrix) && { kind: 'colour', curves: [r, g, b], matrix };
}

/** Whether nothing is to be converted: its differences to sRGB are below what rounding to 8 bits makes. */
export function isSrgb({ kind, curves, matrix }: MatrixProfile): boolean {
  const isNear = (value: number, other: number) => Math.abs(value - other) < 1e-3;
  const steps = Array.from({ length: 33 }, (_, i) => i / 32);
  const hasCurve = curves.every(curve => steps.every(value => isNear(curve(value), srgbToLight(value))));
  return hasCurve && (kind === 'grey' || matrix.every((value, i) => isNear(value, srgbMatrix[i]!)));
}

/** Undefined where there is none. */
export function inverseOf(m: readonly number[]): readonly number[] | undefined {
  const [a, b, c, d, e, f, g, h, i] = m as [number, number, number, number, number, number, number, number, number];
  const cofactors = [
    ...[e * i - f * h, c * h - b * i, b * f - c * e],
    ...[f * g - d * i, a * i - c * g, c * d - a * f],
    ...[d * h - e * g, b * g - a * h, a * e - b * d],
  ];
  const determinant = a * cofactors[0]! + b * cofactors[3]! + c * cofactors[6]!;
  return Math.abs(determinant) < 1e-6 ? undefined : cofactors.map(value => value / determinant);
}

/** `m` after `n`. */
export function productOf(m: readonly number[], n: readonly number[]): readonly number[] {
  return Array.from({ length: 9 }, (_, at) => {
    const [row, column] = [Math.floor(at / 3), at % 3];
    return [0, 1, 2].reduce((sum, k) => sum + m[row * 3 + k]! * n[k * 3 + column]!, 0);
  });
}

function greyProfile(tags: ReadonlyMap<string, Buffer>): MatrixProfile | undefined {
  const curve = curveOf(tags.get('kTRC'));
  return curve && { kind: 'grey', curves: [curve, curve, curve], matrix: srgbMatrix };
}

/** More are no profile's. */
const mostTags = 200;

function tagsOf(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const count = Math.min(mostTags, bytes.readUInt32BE(128));
  const tags = new Map<string, Buffer>();
  for (let i = 0, at = 132; i < count && at + 12 <= bytes.length; i++, at += 12) {
    const from = bytes.readUInt32BE(at + 4);
    tags.set(bytes.toString('latin1', at, at + 4), bytes.subarray(from, from + bytes.readUInt32BE(at + 8)));
  }
  return tags;
}

function xyzOf(tag: Buffer | undefined): readonly number[] | undefined {
  if (!tag || tag.length < 20 || tag.toString('latin1', 0, 4) !== 'XYZ ') return undefined;
  return [8, 12, 16].map(at => fixed(tag, at));
}

const fixed = (tag: Buffer, at: number): number => tag.readInt32BE(at) / 65_536;

/** Those that are alike are one, of which tables are made once. */
function curvesOf(tags: readonly (Buffer | undefined)[]): readonly (Curve | undefined)[] {
  const curves: (Curve | undefined)[] = [];
  for (const [i, tag] of tags.entries()) {
    const like = tags.findIndex((other, at) => at < i && tag !== undefined && other?.equals(tag));
    curves.push(like < 0 ? curveOf(tag) : curves[like]);
  }
  return curves;
}

function curveOf(tag: Buffer | undefined): Curve | undefined {
  if (!tag || tag.length < 12) return undefined;
  const type = tag.toString('latin1', 0, 4);
  if (type === 'para') return parametricCurve(tag);
  return type === 'curv' ? sampledCurve(tag) : undefined;
}

function sampledCurve(tag: Buffer): Curve | undefined {
  const count = tag.readUInt32BE(8);
  if (tag.length < 12 + count * 2) return undefined;
  if (count === 0) return value => value;
  if (count === 1) {
    const gamma = tag.readUInt16BE(12) / 256;
    return gamma > 0 ? value => value ** gamma : undefined;
  }
  const samples = Float64Array.from({ length: count }, (_, i) => tag.readUInt16BE(12 + i * 2) / 65_535);
  if (!isRising(samples)) return undefined;
  return value => {
    const at = Math.min(1, Math.max(0, value)) * (count - 1);
    const low = Math.min(count - 2, Math.floor(at));
    return samples[low]! + (samples[low + 1]! - samples[low]!) * (at - low);
  };
}

/** Others cannot be undone. */
function isRising(samples: Float64Array): boolean {
  return samples.every((value, i) => i === 0 || value >= samples[i - 1]!) && samples.at(-1)! > samples[0]!;
}

const parameterCounts = [1, 3, 4, 5, 7];

/** Table 68 of ICC.1:2022. */
function parametricCurve(tag: Buffer): Curve | undefined {
  const kind = tag.readUInt16BE(8);
  const count = parameterCounts[kind];
  if (count === undefined || tag.length < 12 + count * 4) return undefined;
  const parameters = Array.from({ length: count }, (_, i) => fixed(tag, 12 + i * 4));
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = parameters;
  if (!(g > 0 && a > 0)) return undefined;
  const power = (value: number) => Math.max(0, a * value + b) ** g;
  switch (kind) {
    case 0:
      return value => value ** g;
    case 1:
      return value => (value >= -b / a ? power(value) : 0);
    case 2:
      return value => (value >= -b / a ? power(value) + c : c);
    case 3:
      return value => (value >= d ? power(value) : c * value);
    default:
      return value => (value >= d ? power(value) + e : c * value + f);
  }
}
