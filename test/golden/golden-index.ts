/**
 * The recorded numbers of the reference implementation: a folder with an index and files, by default the one among the
 * fixtures. What is compared, and how closely, is in forward-cases.ts and training-cases.ts; which engine, in the tests.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { AdversarialLoss } from '../../src/training/index.js';

export interface ForwardCase {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly params: number;
}

export interface TrainingCase {
  readonly name: string;
  readonly size: number;
  readonly batch: number;
  readonly steps: number;
  readonly lambda_cycle: number;
  readonly lambda_identity_effective: number;
  readonly gan_mode: AdversarialLoss;
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly tolerance: {
    readonly loss_relative: number;
    readonly gradient_relative_to_tensor_max: number;
    readonly weight_absolute: number;
  };
  readonly losses: readonly Readonly<Record<string, number>>[];
}

const folder = process.env['CYCLEBOX_GOLDEN'] || fileURLToPath(new URL('../fixtures/golden', import.meta.url));
const index: { readonly forward?: readonly ForwardCase[]; readonly training?: readonly TrainingCase[] } = JSON.parse(
  readFileSync(join(folder, 'index.json'), 'utf8'),
);

export const forwardCases: readonly ForwardCase[] = index.forward ?? [];
export const trainingCases: readonly TrainingCase[] = index.training ?? [];

export function goldenFile(name: string): string {
  return join(folder, name);
}

export function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Not a number if any value is not. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
