/** One run: how far it is, what it warns of, its curves and samples by one step, and another run beside it. */
import { useState } from 'preact/hooks';
import type { TrainingDetail } from '../contract.js';
import { trainings } from '../live/index.js';
import { Empty, Notice, PageHead, ProblemNotice, StateMark, useAnswer } from '../parts/index.js';
import { query, setQuery } from '../router/index.js';
import { formatMs, formatNumber } from '../words/index.js';
import { Chart } from './chart.js';
import { curvesOf } from './curves.js';
import { Progress } from './progress.js';
import { RunActions } from './run-actions.js';
import { Samples } from './samples.js';
import { Settings } from './settings.js';
import { UseInRoute } from './use-in-route.js';
import { useTraining } from './use-training.js';

export function RunPage({ id }: { readonly id: string }) {
  const { run, problem, reload } = useTraining(id);
  const withId = query.value.get('with') ?? undefined;
  const { run: other } = useTraining(withId === id ? undefined : withId);
  const text = query.value.get('step');
  const step = text === null ? undefined : Number(text);
  const onStep = (next: number | undefined) => setQuery({ step: next === undefined ? undefined : String(next) });
  if (!run)
    return (
      <div class="page">
        <PageHead title={id} />
        {trainings.value.has(id) ? (
          <Empty icon="training" title="It prepares">
            <p>Images are counted, and the networks are made. Curves and samples come by themselves.</p>
          </Empty>
        ) : (
          <ProblemNotice problem={problem} />
        )}
      </div>
    );
  return (
    <div class="page">
      <PageHead
        title={id}
        note={
          <>
            {run.pair}: {run.domains.join(' ⇄ ')}
            {run.recipe !== undefined && ` · ${run.recipe}`}
            {run.device && ` · ${run.device.name}`} <StateMark state={run.state} />
          </>
        }
      >
        <RunActions run={run} onChange={reload} />
      </PageHead>
      <Progress run={run} />
      <Pace run={run} />
      {run.message !== undefined && <Notice severity={run.state === 'failed' ? 'error' : 'info'}>{run.message}</Notice>}
      <Warnings run={run} />
      <UseInRoute run={run} />
      <Samples run={run} other={other} step={step} onStep={onStep} />
      <Curves run={run} other={other} step={step} onStep={onStep} />
      <Settings run={run} other={other} />
    </div>
  );
}

function Pace({ run: { step, steps, imagesPerSecond, remainingMs, state } }: { readonly run: TrainingDetail }) {
  const parts = [
    `step ${step} of ${steps}`,
    imagesPerSecond !== undefined && `${formatNumber(imagesPerSecond)} images a second`,
    state === 'training' && remainingMs !== undefined && `${formatMs(remainingMs)} left`,
  ];
  return <p class="muted">{parts.filter(Boolean).join(' · ')}</p>;
}

function Warnings({ run: { warningList } }: { readonly run: TrainingDetail }) {
  return (
    <>
      {warningList.map(({ step, code, message, advice }) => (
        <Notice key={`${code} ${step}`} severity="warning" remedy={advice}>
          Step {step}: {message}
        </Notice>
      ))}
    </>
  );
}

interface CurvesProps {
  readonly run: TrainingDetail;
  readonly other: TrainingDetail | undefined;
  readonly step: number | undefined;
  readonly onStep: (step: number) => void;
}

function Curves({ run, other, step, onStep }: CurvesProps) {
  const [isLog, setLog] = useState(false);
  const [smoothing, setSmoothing] = useState(0.8);
  const curves = curvesOf(run);
  const others = other ? curvesOf(other) : [];
  if (curves.length === 0)
    return (
      <Empty icon="training" title="No curves yet">
        It has not logged a step.
      </Empty>
    );
  return (
    <section class="card">
      <div class="card-head">
        <h2>Curves</h2>
        <div class="row">
          <label class="gain">
            Smoothing {smoothing.toFixed(2)}
            <input
              type="range"
              min={0}
              max={0.99}
              step={0.01}
              value={smoothing}
              onInput={event => setSmoothing(Number(event.currentTarget.value))}
            />
          </label>
          <label class="gain">
            <input type="checkbox" checked={isLog} onChange={event => setLog(event.currentTarget.checked)} /> Log scale
          </label>
          <Comparison id={run.id} />
        </div>
      </div>
      <div class="charts">
        {curves.map(curve => (
          <Chart
            key={curve.key}
            curve={curve}
            other={others.find(({ key }) => key === curve.key)}
            names={[run.id, other?.id]}
            {...{ isLog, smoothing, step, onStep }}
          />
        ))}
      </div>
    </section>
  );
}

function Comparison({ id }: { readonly id: string }) {
  const { answer } = useAnswer('listTrainings');
  const runs = (answer?.runs ?? []).filter(run => run.id !== id);
  if (runs.length === 0) return null;
  return (
    <select
      aria-label="Compare with"
      value={query.value.get('with') ?? ''}
      onChange={event => setQuery({ with: event.currentTarget.value })}
    >
      <option value="">Compare with…</option>
      {runs.map(run => (
        <option key={run.id} value={run.id}>
          {run.id}
        </option>
      ))}
    </select>
  );
}
