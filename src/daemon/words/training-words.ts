/** What is said of trainings that the daemon runs: their beginnings, warnings and ends. Their steps are for curves, not for a log. */
import type { TrainingRunEvent } from '../trainings/index.js';
import type { Said } from './said.js';

export function trainingWords(said: TrainingRunEvent): readonly Said[] {
  const { run } = said;
  const record = { training: run.id, pair: run.pair };
  if (said.type === 'training-ended') return [endWords(said.run, record)];
  const { event } = said;
  if (event === undefined && run.state === 'preparing')
    return [{ level: 'info', text: `training ${run.id} of ${run.pair} begins`, record }];
  if (event?.kind !== 'warning') return [];
  const text = `training ${run.id}: ${event.message} ${event.advice}`;
  return [{ level: 'warn', text, record: { ...record, code: event.code } }];
}

function endWords({ id, state, step, steps, message }: TrainingRunEvent['run'], record: object): Said {
  const at = `step ${step} of ${steps}`;
  if (state === 'failed')
    return { level: 'error', text: `training ${id} has failed at ${at}: ${message}`, record: { ...record } };
  return {
    level: 'info',
    text: `training ${id} has ${state === 'finished' ? 'finished' : 'stopped'} at ${at}`,
    record: { ...record },
  };
}
