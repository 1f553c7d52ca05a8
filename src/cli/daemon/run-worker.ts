/** The work of `cyclebox worker`: does what a daemon on another machine hands out, and trainings that are queued, until a signal. */
import { type Disposable, DisposableStore } from '../../base/index.js';
import {
  type DaemonConfig,
  loadConfig,
  serveQueuedTrainings,
  serveWords,
  serveWorker,
  type TrainingShare,
} from '../../daemon/index.js';
import { exitCodes, stopOnSignal } from '../terminal/index.js';
import { openPlainLog } from './daemon-log.js';
import { logLevel } from './log-level.js';

export interface RunWorkerOptions {
  readonly config: string;
  readonly verbose?: boolean;
  /** Without plugins that have code. */
  readonly safe?: boolean;
  readonly train?: boolean;
  readonly trainOnly?: boolean;
}

type Say = ReturnType<typeof openPlainLog>;

/** @returns the exit code */
export async function runWorker(options: RunWorkerOptions): Promise<number> {
  const config = withShare(await loadConfig(options.config), options);
  const say = openPlainLog(logLevel(options));
  const stopping = stopOnSignal(signal =>
    inform(say, `${signal}: finishing what runs; press again to exit at once`, { signal }),
  );
  const opened = new DisposableStore();
  try {
    const share = config.queue?.trainings ?? 'none';
    const parts = [
      ...(share === 'only' ? [] : [await openTranslations(config, options, say, opened)]),
      ...(share === 'none' ? [] : [await openTrainings(config, say, opened)]),
    ];
    await stopping.requested;
    await Promise.all(parts.map(part => part.stop(config.stopTimeoutMs)));
    inform(say, 'stopped');
    return exitCodes.ok;
  } finally {
    await opened.dispose();
    stopping.dispose();
  }
}

/** What the command line says goes before the file. */
function withShare(config: DaemonConfig, { train, trainOnly }: RunWorkerOptions): DaemonConfig {
  const share: TrainingShare | undefined = trainOnly ? 'only' : train ? 'beside' : undefined;
  return share && config.queue ? { ...config, queue: { ...config.queue, trainings: share } } : config;
}

interface Part extends Disposable {
  stop(graceMs: number): Promise<void>;
}

async function openTranslations(
  config: DaemonConfig,
  { config: configFile, safe }: RunWorkerOptions,
  say: Say,
  opened: DisposableStore,
): Promise<Part> {
  const worker = opened.add(
    await serveWorker(config, {
      ...{ configFile, safe },
      onEvent: event => say(serveWords(event)),
      onWorkerOutput: ({ stream, text }) => say([{ level: 'debug', text: `worker: ${text}`, record: { stream } }]),
    }),
  );
  const { id: name, devices, translations } = worker;
  const on = devices.map(({ device, name }) => `${device} (${name})`).join(', ');
  const can = translations.map(({ key }) => key);
  const text = `the worker ${name} does ${can.join(', ') || 'nothing yet'} on ${on}`;
  inform(say, text, { worker: name, translations: can });
  return worker;
}

async function openTrainings(config: DaemonConfig, say: Say, opened: DisposableStore): Promise<Part> {
  const served = opened.add(
    await serveQueuedTrainings(config, {
      onEvent: event => say(serveWords(event)),
      onLine: text => say([{ level: 'debug', text: `training: ${text}`, record: {} }]),
    }),
  );
  inform(say, `the worker ${served.id} trains what is queued`, { worker: served.id });
  return served;
}

function inform(say: Say, text: string, record: Readonly<Record<string, unknown>> = {}): void {
  say([{ level: 'info', text, record }]);
}
