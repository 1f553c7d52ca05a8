/**
 * FID (Heusel et al. 2017): the Fréchet distance of the two Gaussians that have the mean and covariance of two sets of
 * features, ‖μ₁ - μ₂‖² + Tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½). Of few images it is far too large: compare it only between sets of as
 * many images, by the same features.
 *
 * With Σ = XᵀX for rows X of centred, scaled features, the trace of the root is the sum of the singular values of X₁X₂ᵀ,
 * which has as many rows as there are images, not as many as there are features.
 */
import type { Features } from './kernel-distance.js';
import { symmetricEigenvalues } from './symmetric-eigenvalues.js';

interface Gaussian {
  readonly mean: Float64Array;
  /** Rows X with XᵀX = Σ: one per image, or one per feature where images are more. */
  readonly factor: readonly Float64Array[];
}

/** Sets of at least two rows, of as many features each. Not negative but for rounding. */
export function frechetDistance(a: Features, b: Features): number {
  const [first, second] = [gaussianOf(a), gaussianOf(b)];
  const means = first.mean.reduce((sum, value, i) => sum + (value - second.mean[i]!) ** 2, 0);
  return means + trace(first.factor) + trace(second.factor) - 2 * rootTrace(first.factor, second.factor);
}

function gaussianOf(features: Features): Gaussian {
  const width = features[0]!.length;
  const mean = new Float64Array(width);
  for (const row of features) for (let i = 0; i < width; i++) mean[i]! += row[i]! / features.length;
  const scale = 1 / Math.sqrt(features.length - 1);
  const rows = features.map(row => Float64Array.from(row, (value, i) => (value - mean[i]!) * scale));
  return { mean, factor: rows.length > width ? choleskyFactor(rows, width) : rows };
}

/** Rows R, as many as there are features, with RᵀR = XᵀX. Directions in which nothing varies become rows of zeros. */
function choleskyFactor(rows: readonly Float64Array[], width: number): readonly Float64Array[] {
  const rest = covarianceOf(rows, width);
  const largest = Math.max(...rest.map((row, i) => row[i]!));
  const factor: Float64Array[] = [];
  for (let k = 0; k < width; k++) {
    const pivot = rest[k]![k]!;
    const line = new Float64Array(width);
    factor.push(line);
    if (pivot <= 1e-12 * largest) continue;
    for (let j = k; j < width; j++) line[j] = rest[k]![j]! / Math.sqrt(pivot);
    for (let i = k + 1; i < width; i++) {
      for (let j = i; j < width; j++) rest[i]![j]! -= line[i]! * line[j]!;
    }
  }
  return factor;
}

/** XᵀX; of the lower triangle nothing is promised. */
function covarianceOf(rows: readonly Float64Array[], width: number): readonly Float64Array[] {
  const covariance = Array.from({ length: width }, () => new Float64Array(width));
  for (const row of rows) {
    for (let i = 0; i < width; i++) {
      const [line, value] = [covariance[i]!, row[i]!];
      for (let j = i; j < width; j++) line[j]! += value * row[j]!;
    }
  }
  return covariance;
}

function trace(factor: readonly Float64Array[]): number {
  return factor.reduce((sum, row) => sum + dot(row, row), 0);
}

/** Tr((Σ₁Σ₂)^½): singular values as roots of the eigenvalues of M Mᵀ, M = X₁X₂ᵀ with the shorter side first. */
function rootTrace(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  const [few, many] = a.length <= b.length ? [a, b] : [b, a];
  const products = few.map(x => Float64Array.from(many, y => dot(x, y)));
  const size = few.length;
  const gram = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) gram[i * size + j] = dot(products[i]!, products[j]!);
  return symmetricEigenvalues(gram, size).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}
