/**
 * A run as a view shows it, kept up while it goes on: the stream says that there is more, and only what came after the last known step is
 * asked for.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { TrainingDetail } from '../contract.js';
import { ask, epoch, trainings } from '../live/index.js';

const everyMs = 1000;

export interface Shown {
  readonly run: TrainingDetail | undefined;
  readonly problem: Error | undefined;
  reload(): Promise<void>;
}

export function useTraining(id: string | undefined): Shown {
  const [run, setRun] = useState<TrainingDetail>();
  const [problem, setProblem] = useState<Error>();
  const known = useRef<TrainingDetail | undefined>(undefined);
  const load = async (isMore: boolean) => {
    if (id === undefined) return;
    const afterStep = isMore ? known.current?.curve.at(-1)?.step : undefined;
    try {
      const more = await ask('getTraining', {
        params: { id },
        query: { ...(afterStep !== undefined && { afterStep }) },
      });
      known.current = afterStep === undefined ? more : joined(known.current, more);
      setRun(known.current);
      setProblem(undefined);
    } catch (error) {
      setProblem(error as Error);
    }
  };
  const now = epoch.value;
  useEffect(() => {
    known.current = undefined;
    setRun(undefined);
    void load(false);
  }, [id, now]);
  const live = id === undefined ? undefined : trainings.value.get(id);
  const lastMs = useRef(0);
  const moment = live && `${live.step} ${live.state} ${live.lastSample} ${live.warnings}`;
  useEffect(() => {
    if (moment === undefined) return;
    const timer = setTimeout(
      () => {
        lastMs.current = performance.now();
        void load(known.current !== undefined);
      },
      Math.max(0, lastMs.current + everyMs - performance.now()),
    );
    return () => clearTimeout(timer);
  }, [moment]);
  return { run: run && live ? { ...run, ...live } : run, problem, reload: () => load(false) };
}

function joined(before: TrainingDetail | undefined, more: TrainingDetail): TrainingDetail {
  if (!before) return more;
  const last = before.curve.at(-1)?.step ?? -1;
  const lastEvaluation = before.evaluations.at(-1)?.step ?? -1;
  return {
    ...more,
    curve: [...before.curve, ...more.curve.filter(({ step }) => step > last)],
    evaluations: [...before.evaluations, ...more.evaluations.filter(({ step }) => step > lastEvaluation)],
  };
}
