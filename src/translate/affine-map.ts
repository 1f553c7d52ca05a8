/**
 * The affine map from colours to colours that least squares finds for some pixels, from their moments. A colour is red,
 * green and blue on the byte scale. Pure arithmetic on 3 × 3 matrices, rows first; it knows no images.
 */

/** Of pixels with colours x before and y after: 3 means of x, 3 of y, 6 of x·xᵀ (upper triangle), 9 of y·xᵀ. */
export const momentCount = 21;

/** Three rows of four: `y[o] = Σ map[4·o + i] · x[i] + map[4·o + 3]`. */
export const mapLength = 12;

/** Values on the byte scale. */
export type ByteScale = Uint8Array | Float32Array;

/** Writes the moments of one pixel, of `x[at…]` and `y[at…]`, to `moments[to…]`. */
export function writeMoments(x: ByteScale, y: ByteScale, at: number, moments: Float64Array, to: number): void {
  for (let i = 0, product = to + 6; i < 3; i++) {
    moments[to + i] = x[at + i]!;
    moments[to + 3 + i] = y[at + i]!;
    for (let j = i; j < 3; j++) moments[product++] = x[at + i]! * x[at + j]!;
    for (let j = 0; j < 3; j++) moments[to + 12 + 3 * i + j] = y[at + i]! * x[at + j]!;
  }
}

export interface RidgeFit {
  /** Sums of moments begin here… */
  readonly at: number;
  /** …and are of so many pixels. */
  readonly count: number;
  /** How strongly the matrix is drawn to `prior`: a variance, squared bytes. */
  readonly ridge: number;
  /** 3 × 3. */
  readonly prior: Float64Array;
}

/**
 * Minimises `mean |A·x + b - y|² + ridge · |A - prior|²` and writes A and b to `map[to…]`: with C the covariance of y
 * and x and S that of x, `A = (C + ridge · prior) · (S + ridge)⁻¹` and `b = mean y - A · mean x`. He & Sun (2015),
 * equations 5 and 6, are the case of one channel and a prior of 0.
 */
export function fitAffine(
  sums: Float64Array,
  { at, count, ridge, prior }: RidgeFit,
  map: Float64Array,
  to: number,
): void {
  const each = 1 / count;
  const x0 = sums[at]! * each;
  const x1 = sums[at + 1]! * each;
  const x2 = sums[at + 2]! * each;
  const s00 = sums[at + 6]! * each - x0 * x0 + ridge;
  const s01 = sums[at + 7]! * each - x0 * x1;
  const s02 = sums[at + 8]! * each - x0 * x2;
  const s11 = sums[at + 9]! * each - x1 * x1 + ridge;
  const s12 = sums[at + 10]! * each - x1 * x2;
  const s22 = sums[at + 11]! * each - x2 * x2 + ridge;
  // The inverse of a symmetric matrix, by its cofactors.
  const c00 = s11 * s22 - s12 * s12;
  const c01 = s02 * s12 - s01 * s22;
  const c02 = s01 * s12 - s02 * s11;
  const c11 = s00 * s22 - s02 * s02;
  const c12 = s01 * s02 - s00 * s12;
  const c22 = s00 * s11 - s01 * s01;
  const scale = 1 / (s00 * c00 + s01 * c01 + s02 * c02);
  for (let o = 0; o < 3; o++) {
    const y = sums[at + 3 + o]! * each;
    const k = at + 12 + 3 * o;
    const u = sums[k]! * each + ridge * prior[3 * o]! - y * x0;
    const v = sums[k + 1]! * each + ridge * prior[3 * o + 1]! - y * x1;
    const w = sums[k + 2]! * each + ridge * prior[3 * o + 2]! - y * x2;
    const a0 = (u * c00 + v * c01 + w * c02) * scale;
    const a1 = (u * c01 + v * c11 + w * c12) * scale;
    const a2 = (u * c02 + v * c12 + w * c22) * scale;
    map[to + 4 * o] = a0;
    map[to + 4 * o + 1] = a1;
    map[to + 4 * o + 2] = a2;
    map[to + 4 * o + 3] = y - a0 * x0 - a1 * x1 - a2 * x2;
  }
}
