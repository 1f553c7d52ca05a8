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
  const mean = (i: number) => sums[at + i]! / count;
  const [x0, x1, x2] = [mean(0), mean(1), mean(2)];
  const s00 = mean(6) - x0 * x0 + ridge;
  const s01 = mean(7) - x0 * x1;
  const s02 = mean(8) - x0 * x2;
  const s11 = mean(9) - x1 * x1 + ridge;
  const s12 = mean(10) - x1 * x2;
  const s22 = mean(11) - x2 * x2 + ridge;
  // The inverse of a symmetric matrix, by its cofactors.
  const [c00, c01, c02] = [s11 * s22 - s12 * s12, s02 * s12 - s01 * s22, s01 * s12 - s02 * s11];
  const [c11, c12, c22] = [s00 * s22 - s02 * s02, s01 * s02 - s00 * s12, s00 * s11 - s01 * s01];
  const determinant = s00 * c00 + s01 * c01 + s02 * c02;
  for (let o = 0; o < 3; o++) {
    const y = mean(3 + o);
    const [p, q, r] = [3 * o, 3 * o + 1, 3 * o + 2].map(k => mean(12 + k) + ridge * prior[k]!) as [
      number,
      number,
      number,
    ];
    const [u, v, w] = [p - y * x0, q - y * x1, r - y * x2];
    const a0 = (u * c00 + v * c01 + w * c02) / determinant;
    const a1 = (u * c01 + v * c11 + w * c12) / determinant;
    const a2 = (u * c02 + v * c12 + w * c22) / determinant;
    map[to + 4 * o] = a0;
    map[to + 4 * o + 1] = a1;
    map[to + 4 * o + 2] = a2;
    map[to + 4 * o + 3] = y - a0 * x0 - a1 * x1 - a2 * x2;
  }
}
