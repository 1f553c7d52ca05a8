/** What a worker that serves a daemon elsewhere says of what it does. */
import type { ServeEvent } from '../../dispatch/index.js';
import type { WorkerEvent } from '../pool/index.js';
import { workerWords } from './event-words.js';
import type { Said } from './said.js';

export function serveWords(event: ServeEvent | WorkerEvent): readonly Said[] {
  switch (event.type) {
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
    default:
      return workerWords(event);
  }
}
