/** A job's or training's state: sign, colour and word together. */
import type { JobStateName, TrainingRun } from '../contract.js';
import { Icon, type IconName } from './icon.js';

const signs: Readonly<Record<JobStateName | TrainingRun['state'], IconName>> = {
  queued: 'queued',
  running: 'running',
  publishing: 'running',
  done: 'done',
  failed: 'failed',
  quarantined: 'quarantined',
  cancelled: 'cancel',
  skipped: 'skipped',
  preparing: 'queued',
  training: 'running',
  stopping: 'running',
  finished: 'done',
  stopped: 'stop',
  lost: 'failures',
};

export function StateMark({ state }: { readonly state: JobStateName | TrainingRun['state'] }) {
  return (
    <span class={`state ${state}`}>
      <Icon name={signs[state]} size={15} />
      {state}
    </span>
  );
}
