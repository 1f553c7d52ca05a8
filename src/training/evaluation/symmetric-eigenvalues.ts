/**
 * All eigenvalues of a real symmetric matrix: Householder's reduction to three diagonals, then implicit QL steps (Martin,
 * Reinsch and Wilkinson 1968; `tred1` and `imtql1` of EISPACK). No eigenvectors: nothing here needs them.
 */

const mostSteps = 100;

/** In ascending order. `matrix` holds `size * size` values row by row; only its lower triangle is read. */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  const { diagonal, offDiagonal } = tridiagonal(Float64Array.from(matrix), size);
  for (let first = 0; first < size; first++) settle(diagonal, offDiagonal, first);
  return diagonal.sort();
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** `offDiagonal[i]` stands offDiagonal the diagonal in rows i and i + 1; the last is 0. */
  readonly offDiagonal: Float64Array;
}

/** Reflects away everything but three diagonals, one row at a time from the last; overwrites `a`. */
function tridiagonal(a: Float64Array, size: number): Tridiagonal {
  const offDiagonal = new Float64Array(size);
  for (let row = size - 1; row > 1; row--) {
    const vector = a.subarray(row * size, row * size + row);
    if (vector.subarray(0, -1).every(value => value === 0)) {
      offDiagonal[row - 1] = vector[row - 1]!;
      continue;
    }
    const signed = vector[row - 1]! > 0 ? -norm(vector) : norm(vector);
    offDiagonal[row - 1] = signed;
    const scale = signed * signed - vector[row - 1]! * signed;
    vector[row - 1]! -= signed;
    reflect(a, size, row, vector, scale);
  }
  if (size > 1) offDiagonal[0] = a[size]!;
  return { diagonal: Float64Array.from({ length: size }, (_, i) => a[i * size + i]!), offDiagonal };
}

/** A ← H A H on the rows and columns before `row`, for H = 1 - u uᵀ / scale. */
function reflect(a: Float64Array, size: number, row: number, u: Float64Array, scale: number): void {
  const p = new Float64Array(row);
  for (let i = 0; i < row; i++) {
    for (let j = 0; j < i; j++) {
      p[i]! += a[i * size + j]! * u[j]!;
      p[j]! += a[i * size + j]! * u[i]!;
    }
    p[i]! += a[i * size + i]! * u[i]!;
  }
  let along = 0;
  for (let i = 0; i < row; i++) {
    p[i]! /= scale;
    along += p[i]! * u[i]!;
  }
  for (let i = 0; i < row; i++) p[i]! -= (along / (2 * scale)) * u[i]!;
  for (let i = 0; i < row; i++) {
    for (let j = 0; j <= i; j++) a[i * size + j]! -= u[i]! * p[j]! + p[i]! * u[j]!;
  }
}

/** QL steps until the value at `first` stands alone: two or three as a rule. */
function settle(diagonal: Float64Array, offDiagonal: Float64Array, first: number): void {
  for (let step = 0; step < mostSteps; step++) {
    const last = endOfBlock(diagonal, offDiagonal, first);
    if (last === first) return;
    implicitStep(diagonal, offDiagonal, first, last);
  }
  throw new RangeError('The eigenvalues do not settle: the matrix has values that are not finite.');
}

/** The first place from `first` on whose off-diagonal value is negligible. */
function endOfBlock(diagonal: Float64Array, offDiagonal: Float64Array, first: number): number {
  let at = first;
  while (at < diagonal.length - 1) {
    const scale = Math.abs(diagonal[at]!) + Math.abs(diagonal[at + 1]!);
    if (Math.abs(offDiagonal[at]!) <= Number.EPSILON * scale) break;
    at++;
  }
  return at;
}

/** One implicit QL step with Wilkinson's shift on the block from `first` to `last`. */
function implicitStep(diagonal: Float64Array, offDiagonal: Float64Array, first: number, last: number): void {
  const half = (diagonal[first + 1]! - diagonal[first]!) / (2 * offDiagonal[first]!);
  const root = Math.hypot(half, 1);
  let g = diagonal[last]! - diagonal[first]! + offDiagonal[first]! / (half + (half >= 0 ? root : -root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = last - 1; i >= first; i--) {
    const [f, b] = [sine * offDiagonal[i]!, cosine * offDiagonal[i]!];
    const length = Math.hypot(f, g);
    offDiagonal[i + 1] = length;
    if (length === 0) {
      diagonal[i + 1]! -= shift;
      offDiagonal[last] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    g = diagonal[i + 1]! - shift;
    const turn = (diagonal[i]! - g) * sine + 2 * cosine * b;
    shift = sine * turn;
    diagonal[i + 1] = g + shift;
    g = cosine * turn - b;
  }
  diagonal[first]! -= shift;
  offDiagonal[first] = g;
  offDiagonal[last] = 0;
}

function norm(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
