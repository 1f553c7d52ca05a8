/** A run as it is listed: made of its history, or of what its process tells. Times are of the epoch. */
import type { RunHistory, TrainingEvent, TrainingResult } from '../../training/index.js';

/** `lost`: its process has gone without a word; it can be resumed. */
export type TrainingState = 'preparing' | 'training' | 'stopping' | 'finished' | 'stopped' | 'failed' | 'lost';

export interface TrainingSummary {
  /** The name of the run's folder. */
  readonly id: string;
  readonly state: TrainingState;
  /** True where this daemon runs it. */
  readonly isOurs: boolean;
  readonly pair: string;
  readonly domains: readonly [string, string];
  readonly recipe?: string | undefined;
  /** Steps done, of `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly startedMs: number;
  readonly updatedMs: number;
  readonly losses: Readonly<Record<string, number | null>>;
  readonly imagesPerSecond?: number | undefined;
  readonly remainingMs?: number | undefined;
  readonly warnings: number;
  readonly lastSample?: number | undefined;
  readonly message?: string | undefined;
}

/** A history that grew so lately is one that is being written, by whomever. */
const livelyMs = 180_000;

/** @param changedMs when the history was last written to */
export function summaryOfHistory(id: string, history: RunHistory, changedMs: number, nowMs: number): TrainingSummary {
  const { sessions, steps, warnings, samples, end, checkpoints } = history;
  const session = sessions.at(-1)!;
  const { pair, domains, settings } = session;
  const [last, recipe, lastSample] = [steps.at(-1), settings['recipe'], samples.at(-1)?.step];
  return {
    ...{ id, pair, domains, isOurs: false, steps: session.steps },
    state: end?.reason ?? (nowMs - changedMs < livelyMs ? 'training' : 'lost'),
    step: Math.max(end?.step ?? 0, last?.step ?? 0, checkpoints.at(-1)?.step ?? 0),
    startedMs: sessions[0]!.atMs,
    updatedMs: Math.trunc(changedMs),
    losses: finite(last?.losses ?? {}),
    warnings: new Set([...warnings, ...history.evaluations.flatMap(one => one.warnings)].map(({ code }) => code)).size,
    ...(typeof recipe === 'string' && { recipe }),
    ...(lastSample !== undefined && { lastSample }),
    ...(end?.message !== undefined && { message: end.message }),
  };
}

/** JSON has no NaN. */
export function finite(values: Readonly<Record<string, number>>): Readonly<Record<string, number | null>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, orNull(value)]));
}

export function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** What an event makes of a run. */
export function afterEvent(run: TrainingSummary, event: TrainingEvent, nowMs: number): TrainingSummary {
  const updated = { ...run, updatedMs: nowMs };
  switch (event.kind) {
    case 'started': {
      const { settings, step } = event;
      return { ...updated, ...shownSettings(settings), step, state: 'training' };
    }
    case 'progress': {
      const { step, steps, losses, imagesPerSecond, remainingMs } = event;
      const state = run.state === 'stopping' ? run.state : 'training';
      return { ...updated, state, step, steps, losses: finite(losses), imagesPerSecond, remainingMs };
    }
    case 'sample':
      return { ...updated, lastSample: event.step };
    case 'warning':
      return { ...updated, warnings: run.warnings + 1 };
    case 'checkpoint':
    case 'export':
    case 'evaluation':
      return updated;
    default:
      return event satisfies never;
  }
}

function shownSettings({ pair, domains, recipe, steps }: Extract<TrainingEvent, { kind: 'started' }>['settings']) {
  return { pair, domains, recipe, steps };
}

export function afterEnd(run: TrainingSummary, result: TrainingResult | Error, nowMs: number): TrainingSummary {
  const { imagesPerSecond: _speed, remainingMs: _left, ...rest } = run;
  if (result instanceof Error) return { ...rest, state: 'failed', updatedMs: nowMs, message: result.message };
  const state = result.ended === 'finished' ? 'finished' : 'stopped';
  return { ...rest, state, step: result.step, updatedMs: nowMs };
}
