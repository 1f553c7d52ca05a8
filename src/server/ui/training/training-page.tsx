/** All runs, the latest first, as they stand now; and the start of a new one. */
import { useState } from 'preact/hooks';
import type { TrainingRun } from '../contract.js';
import { trainings } from '../live/index.js';
import { Button, Empty, Notice, PageHead, ProblemNotice, StateMark, useAnswer } from '../parts/index.js';
import { formatAge, formatCount, formatMs, formatNumber, nowMs, plural } from '../words/index.js';
import { Progress } from './progress.js';
import { StartForm } from './start-form.js';

export function TrainingPage() {
  const { answer, problem } = useAnswer('listTrainings');
  const [isStarting, setStarting] = useState(false);
  const runs = together(answer?.runs ?? [], trainings.value);
  return (
    <div class="page">
      <PageHead title="Training" note={answer && plural(runs.length, 'run')}>
        <Button
          kind="primary"
          icon="play"
          disabled={answer === undefined || answer.refusal !== undefined}
          onClick={() => setStarting(true)}
        >
          New training
        </Button>
      </PageHead>
      <ProblemNotice problem={problem} />
      {answer?.refusal !== undefined && <Notice severity="info">{answer.refusal}</Notice>}
      {isStarting && <StartForm onClose={() => setStarting(false)} />}
      {answer && runs.length === 0 && (
        <Empty icon="training" title="No trainings yet">
          <p>Two folders of images, no matter which belongs to which, make a pair that translates both ways.</p>
        </Empty>
      )}
      <div class="cards">
        {runs.map(run => (
          <Run key={run.id} run={run} />
        ))}
      </div>
    </div>
  );
}

function Run({ run }: { readonly run: TrainingRun }) {
  const { id, pair, state, step, steps, updatedMs, warnings, imagesPerSecond, remainingMs, message, losses } = run;
  const facts = [
    steps > 0 && `step ${formatCount(step)} of ${formatCount(steps)}`,
    imagesPerSecond !== undefined && state === 'training' && `${formatNumber(imagesPerSecond)} images a second`,
    remainingMs !== undefined && state === 'training' && `${formatMs(remainingMs)} left`,
    warnings > 0 && plural(warnings, 'warning'),
  ];
  return (
    <section class="card">
      <div class="card-head">
        <h2>
          <a href={`/training/${id}`}>{id}</a>
        </h2>
        <StateMark state={state} />
      </div>
      <Progress run={run} />
      <p class="muted">{facts.filter(Boolean).join(' · ')}</p>
      {message !== undefined && <p class={state === 'failed' ? 'fault' : 'muted'}>{message}</p>}
      <p class="muted">
        {pair} · {formatAge(updatedMs, nowMs.value)}
      </p>
      {Object.keys(losses).length > 0 && (
        <p class="muted mono">
          {Object.entries(losses)
            .map(([name, value]) => `${name} ${formatNumber(value)}`)
            .join('  ')}
        </p>
      )}
    </section>
  );
}

/** What the stream tells is newer. */
function together(asked: readonly TrainingRun[], told: ReadonlyMap<string, TrainingRun>): readonly TrainingRun[] {
  const known = new Set(asked.map(({ id }) => id));
  const fresh = [...told.values()].filter(({ id }) => !known.has(id));
  return [...fresh, ...asked.map(run => told.get(run.id) ?? run)];
}
