/** What a worker that serves a daemon elsewhere says of what it does. */
import type { FetchedModel, ServeEvent, ServeTrainingsEvent } from '../../dispatch/index.js';
import type { WorkerEvent } from '../pool/index.js';
import { workerWords } from './event-words.js';
import type { Said } from './said.js';

export function serveWords(
  event:
    | ServeEvent
    | ServeTrainingsEvent
    | WorkerEvent
    | { readonly type: 'modelFetched'; readonly model: FetchedModel },
): readonly Said[] {
  switch (event.type) {
    case 'run-begun': {
      const { run, engine, threads } = event;
      return [
        { level: 'info', text: `training ${run} on ${engine}, ${threads} threads`, record: { run, engine, threads } },
      ];
    }
    case 'run-event':
      return runWords(event);
    case 'run-ended':
      return [runEndWords(event)];
    case 'begun': {
      const { job, path } = event;
      return [{ level: 'debug', text: `${path} begun`, record: { job, path } }];
    }
    case 'ended': {
      const { job, path, report, error } = event;
      const ms = Math.round(event.ms);
      if (error) {
        const text = `${path} could not be done  ${error.toString()}`;
        return [{ level: 'warn', text, record: { job, path, ms, code: error.code } }];
      }
      const device = report?.device;
      const text = `${path} ${report?.width}×${report?.height} ${ms} ms${device === undefined ? '' : ` on ${device}`}`;
      return [{ level: 'info', text, record: { job, path, ms, device } }];
    }
    case 'warning':
      return [{ level: 'warn', text: event.error.toString(), record: { code: event.error.code } }];
    case 'modelFetched': {
      const { sha256, bytes } = event.model;
      const ms = Math.round(event.model.ms);
      const text = `fetched the model ${sha256.slice(0, 12)}…, ${(bytes / 1e6).toFixed(1)} MB, in ${ms} ms`;
      return [{ level: 'info', text, record: { model: sha256, bytes, ms } }];
    }
    default:
      return workerWords(event);
  }
}

function runWords({ run, event }: Extract<ServeTrainingsEvent, { type: 'run-event' }>): readonly Said[] {
  if (event.kind === 'warning') {
    const { code, message, step } = event;
    return [{ level: 'warn', text: `training ${run}: ${message}`, record: { run, step, warning: code } }];
  }
  if (event.kind !== 'checkpoint') return [];
  const { step } = event;
  return [{ level: 'debug', text: `training ${run}: checkpoint of step ${step}`, record: { run, step } }];
}

function runEndWords({ run, outcome }: Extract<ServeTrainingsEvent, { type: 'run-ended' }>): Said {
  if (outcome.how !== 'failed') return { level: 'info', text: `training ${run} ${ends[outcome.how]}`, record: { run } };
  const { error } = outcome;
  const text = `training ${run} failed  ${error.toString()}`;
  return { level: 'warn', text, record: { run, code: error.code } };
}

const ends = {
  finished: 'finished',
  returned: 'given back, with a checkpoint: another worker goes on with it',
  'given-up': "given up: it was cancelled, or is another worker's now",
} as const;
