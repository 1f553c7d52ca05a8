/** How far a run is. */
import type { TrainingRun } from '../contract.js';

export function Progress({ run: { id, step, steps } }: { readonly run: Pick<TrainingRun, 'id' | 'step' | 'steps'> }) {
  return <progress class="progress" aria-label={`Progress of ${id}`} max={Math.max(1, steps)} value={step} />;
}
