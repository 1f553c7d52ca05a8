/**
 * What is said of what happens: one sentence an event, and the record beside it. The daemon's log, `cyclebox start` on a terminal and
 * the dashboard all say these words; nobody makes others. Nothing is written here.
 */
import { join } from 'node:path';
import type { CycleboxError } from '../../base/index.js';
import type { DispatchEvent } from '../../dispatch/index.js';
import type { SkippedDevice } from '../../engine/index.js';
import { type HealthEvent, healthText } from '../../health/index.js';
import type { InboxEvent } from '../../inbox/index.js';
import type { PluginEvent } from '../../plugin-host/index.js';
import type { ConfigEvent } from '../config/index.js';
import type { WorkerEvent, WorkerFacts } from '../pool/index.js';
import { codedPluginWords } from './plugin-words.js';
import type { Said, SaidLevel } from './said.js';

type PluginsChanged = Extract<ConfigEvent, { readonly type: 'pluginsChanged' }>;

/** What the daemon tells of; its own file has the same list. */
type SaidEvent =
  | InboxEvent
  | ConfigEvent
  | WorkerEvent
  | DispatchEvent
  | HealthEvent
  | { readonly type: 'plugin'; readonly event: PluginEvent }
  | { readonly type: 'pluginAbort'; readonly plugin: string; readonly text: string };

const untilOf = {
  user: 'until it is resumed',
  environment: 'until it works again',
  schedule: 'until they end',
} as const;

/** @param outbox absolute */
export function eventWords(event: SaidEvent, outbox: string): readonly Said[] {
  switch (event.type) {
    case 'done':
      return [doneWords(event, outbox)];
    case 'failed':
      return say('error', `${event.path}${howItFailed(event)}  ${event.error.toString()}`, failure(event));
    case 'retrying':
      return say('warn', `${event.path} is tried again  ${event.error.toString()}`, failure(event));
    case 'already-published': {
      const { job, path, output } = event;
      return say('info', `${path} was published before: ${output}`, { job, path, output: join(outbox, output) });
    }
    case 'name-taken': {
      const { job, path, output } = event;
      const text = `${path} was not published and stays where it is: ${output} is in the outbox already, and onCollision is "skip"`;
      return say('warn', text, { job, path, output: join(outbox, output) });
    }
    case 'cancelled':
      return say('info', `${event.path} was cancelled`, { job: event.job, path: event.path });
    case 'paused': {
      const { by, reason } = event;
      const until = untilOf[by];
      return say(by === 'schedule' ? 'info' : 'warn', `paused ${until}${reason === '' ? '' : `: ${reason}`}`, {
        by,
        reason,
      });
    }
    case 'resumed':
      return say('info', 'resumed', {});
    case 'warning':
      return say('warn', event.error.toString(), { code: event.error.code });
    case 'seen':
    case 'started':
      return say('debug', `${event.path} ${event.type}`, event);
    case 'idle':
      return [];
    case 'plugin':
      return codedPluginWords(event.event);
    case 'pluginAbort': {
      const text = `${event.plugin} is ${event.text}, and "onPluginFailure" says "abort": the daemon ends`;
      return say('error', text, { plugin: event.plugin, state: event.text });
    }
    case 'reloaded':
    case 'reloadRefused':
    case 'modelsChanged':
    case 'pluginsChanged':
      return configWords(event);
    case 'modelTested':
      return healthWords(event);
    case 'workerJoined':
    case 'workerGone':
    case 'capacity':
      return dispatchWords(event);
    default:
      return workerWords(event);
  }
}

/** At the start, the CPU alone is the usual state, and no news; when devices have changed, it is. */
export function deviceWords(
  workers: readonly Pick<WorkerFacts, 'device' | 'name'>[],
  skipped: readonly SkippedDevice[],
  haveChanged: boolean,
): readonly Said[] {
  const passedOver = skipped.flatMap(({ choice, reason, fault }) =>
    // What `auto` found not to be there is no news either.
    say(fault === false ? 'debug' : 'warn', `${choice} is not used: ${reason}`, { device: choice, reason }),
  );
  const devices = workers.map(({ device, name }) => ({ device, name }));
  if (devices.length === 0) return passedOver;
  const isUsual = devices.length === 1 && devices[0]?.device === 'cpu';
  if (isUsual && !haveChanged) return passedOver;
  const list = devices.map(({ device, name }) => `${device} (${name})`).join(', ');
  return [...passedOver, ...say('info', `translating on ${list}`, { devices })];
}

function doneWords(event: Extract<InboxEvent, { readonly type: 'done' }>, outbox: string): Said {
  const { job, path, translation, report } = event;
  const { width, height, bytes, tiles, device, precision, scale, shownAs, notes = [] } = report;
  const [output, ms] = [join(outbox, event.output), Math.round(event.ms)];
  const record = {
    ...{ job, path, output, translation, ms, width, height, bytes, tiles, device, precision, scale, shownAs },
    ...(notes.length > 0 && { notes }),
  };
  const where = device === undefined || device === 'cpu' ? '' : ` on ${device}, ${precision}`;
  const inTiles = tiles > 1 ? ` in ${tiles} tiles` : '';
  const shown = scale === undefined || scale === 'native' ? '' : ` shown as ${shownAs?.width}×${shownAs?.height}`;
  const said = notes.length > 0 ? `; ${notes.join('; ')}` : '';
  const text = `${path} → ${output}  ${translation} ${width}×${height}${shown}${inTiles} ${ms} ms${where}${said}`;
  return { level: 'info', text, record };
}

function configWords(event: ConfigEvent): readonly Said[] {
  switch (event.type) {
    case 'reloaded': {
      const what = event.keys.length > 0 ? event.keys.join(', ') : 'nothing differs from what was in force';
      return say('info', `the changed configuration is in force: ${what}`, { keys: event.keys });
    }
    case 'reloadRefused': {
      const { code, message } = event.error;
      const why = message.replaceAll('\n', '; ');
      return say('error', `the changed configuration was rejected, the old one stays in force: ${why}`, { code });
    }
    case 'modelsChanged':
      return say('info', `new models: ${event.translations.join(', ')}`, { translations: event.translations });
    case 'pluginsChanged':
      return pluginWords(event);
    default:
      return event satisfies never;
  }
}

function healthWords({ translation, health }: HealthEvent): readonly Said[] {
  const level = health.faults.length > 0 ? 'warn' : 'info';
  return say(level, `${translation} was tested: ${healthText(health)}`, { translation, ...health });
}

function pluginWords({ added, changed, removed, faults }: PluginsChanged): readonly Said[] {
  const said = faults.flatMap(error => say('warn', error.toString(), { code: error.code, ...error.subject }));
  const named = Object.entries({ added, changed, removed }).filter(([, names]) => names.length > 0);
  if (named.length === 0) return said;
  const list = named.map(([what, names]) => `${names.join(', ')} ${what}`).join('; ');
  return [...said, ...say('info', `plugins: ${list}`, { added, changed, removed })];
}

function dispatchWords(event: Exclude<DispatchEvent, { readonly type: 'warning' }>): readonly Said[] {
  if (event.type === 'capacity') return [];
  const { worker, host } = event;
  if (event.type === 'workerJoined') {
    const { slots, devices } = event;
    return say('info', `the worker ${worker} on ${host} has come, with ${devices.join(', ')}`, { worker, host, slots });
  }
  const { isLost, jobs } = event;
  if (!isLost) return say('info', `the worker ${worker} on ${host} has stopped`, { worker, host });
  const had = jobs > 0 ? `; ${jobs} jobs that it had go to others` : '';
  return say('warn', `the worker ${worker} on ${host} is lost${had}`, { code: 'WORKER_LOST', worker, host, jobs });
}

export function workerWords(event: WorkerEvent): readonly Said[] {
  switch (event.type) {
    case 'devices': {
      const workers = event.devices.map(({ id, name }) => ({ device: id, name }));
      return deviceWords(workers, event.skipped, true);
    }
    case 'memoryStep': {
      const { device, kind, model, message } = event.step;
      const code = kind === 'calibration' ? 'MODEL_INVALID' : 'OUT_OF_MEMORY';
      return say('warn', message, { code, device, step: kind, model });
    }
    case 'deviceFailed': {
      const { device, source, error } = event;
      const text = `${device} failed at ${source}, its worker is restarted: ${error}`;
      return say('warn', text, { code: error.code, device, source });
    }
    case 'progress':
      return [];
    case 'modelMoved': {
      const { device, model, reason } = event;
      const text = `${device} cannot run ${model}, which another device runs from now on: ${reason}`;
      return say('warn', text, { device, model, reason });
    }
    default:
      return event satisfies never;
  }
}

function say(level: SaidLevel, text: string, record: Said['record']): readonly Said[] {
  return [{ level, text, record }];
}

function failure({ job, path, error }: { readonly job: string; readonly path: string; readonly error: CycleboxError }) {
  return { job, path, code: error.code };
}

function howItFailed({ earlier, quarantined }: { readonly earlier: boolean; readonly quarantined: boolean }): string {
  if (earlier) return ' failed earlier';
  return quarantined ? ' is quarantined' : '';
}
