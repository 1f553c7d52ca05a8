/** Sheets of samples: one slider chooses the step for all pictures; arrows step, and play runs through them. */
import { useEffect, useState } from 'preact/hooks';
import type { TrainingDetail } from '../contract.js';
import { addressOf } from '../live/index.js';
import { Button, useKeys } from '../parts/index.js';

const everyMs = 600;

export interface SamplesProps {
  readonly run: TrainingDetail;
  readonly other: TrainingDetail | undefined;
  /** Looked at; the last sheet where it is undefined. */
  readonly step: number | undefined;
  readonly onStep: (step: number | undefined) => void;
}

export function Samples({ run, other, step, onStep }: SamplesProps) {
  const { samples } = run;
  const [isPlaying, setPlaying] = useState(false);
  const at = indexAt(samples, step);
  const go = (index: number) => onStep(index >= samples.length - 1 ? undefined : samples[Math.max(0, index)]?.step);
  useEffect(() => {
    if (!isPlaying) return;
    const timer = setTimeout(() => (at < samples.length - 1 ? go(at + 1) : setPlaying(false)), everyMs);
    return () => clearTimeout(timer);
  }, [isPlaying, at, samples.length]);
  useKeys({
    ArrowLeft: () => go(at - 1),
    ArrowRight: () => go(at + 1),
    ' ': () => setPlaying(!isPlaying),
  });
  const sheet = samples[at];
  if (!sheet) return null;
  const play = () => {
    if (!isPlaying && at === samples.length - 1) go(0);
    setPlaying(!isPlaying);
  };
  return (
    <section class="card">
      <div class="card-head">
        <h2>Samples</h2>
        <span class="muted">step {sheet.step}</span>
      </div>
      <div class="row step-row">
        <Button isLocal icon="left" label="Step back" disabled={at === 0} onClick={() => go(at - 1)} />
        <Button isLocal icon={isPlaying ? 'pause' : 'play'} label={isPlaying ? 'Stop' : 'Play'} onClick={play} />
        <Button
          isLocal
          icon="right"
          label="Step forward"
          disabled={at >= samples.length - 1}
          onClick={() => go(at + 1)}
        />
        <input
          type="range"
          class="grow"
          aria-label="Step of all samples"
          aria-valuetext={`step ${sheet.step}`}
          min={0}
          max={samples.length - 1}
          value={at}
          onInput={event => go(Number(event.currentTarget.value))}
        />
      </div>
      <Sheet run={run} sheet={sheet} />
      {other && <OtherSheet run={other} step={sheet.step} />}
    </section>
  );
}

type SampleSheet = TrainingDetail['samples'][number];

function OtherSheet({ run, step }: { readonly run: TrainingDetail; readonly step: number }) {
  const sheet = run.samples[indexAt(run.samples, step)];
  if (!sheet) return <p class="muted">{run.id} has no samples.</p>;
  return (
    <>
      <h3>
        {run.id} <span class="muted">step {sheet.step}</span>
      </h3>
      <Sheet run={run} sheet={sheet} />
    </>
  );
}

function Sheet({
  run: { id },
  sheet: { step, columns, rows },
}: {
  readonly run: TrainingDetail;
  readonly sheet: SampleSheet;
}) {
  return (
    <div class="sheet" style={{ gridTemplateColumns: `repeat(${columns.length}, minmax(0, 1fr))` }}>
      {columns.map(({ key, title }) => (
        <span key={key} class="muted">
          {title}
        </span>
      ))}
      {Array.from({ length: rows }, (_, row) =>
        columns.map(({ key, title }) => (
          <img
            key={`${row} ${key}`}
            src={addressOf('getSample', { id, step, row, column: key })}
            alt={`${title}, row ${row + 1}, step ${step}`}
            loading="lazy"
          />
        )),
      )}
    </div>
  );
}

/** The sheet of the step, or the last before it. */
function indexAt(samples: readonly SampleSheet[], step: number | undefined): number {
  if (step === undefined) return samples.length - 1;
  const after = samples.findIndex(sheet => sheet.step > step);
  return Math.max(0, (after < 0 ? samples.length : after) - 1);
}
