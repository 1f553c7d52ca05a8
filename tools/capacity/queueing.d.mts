export function erlangC(workers: number, load: number): number;
export function meanWaitExponential(workers: number, load: number, serviceSeconds: number): number;
export function meanWaitFixed(workers: number, load: number, serviceSeconds: number): number;
export interface Waits {
  readonly mean: number;
  readonly p95: number;
  readonly p99: number;
}
export function simulateStages(which: {
  readonly stages: readonly { readonly workers: number; readonly serviceSeconds: number }[];
  readonly perSecond: number;
  readonly kind: 'fixed' | 'exponential';
  readonly jobs: number;
  readonly seed: number;
}): Waits;
export function simulate(which: {
  readonly workers: number;
  readonly load: number;
  readonly serviceSeconds: number;
  readonly kind: 'fixed' | 'exponential';
  readonly jobs: number;
  readonly seed: number;
}): Waits;
