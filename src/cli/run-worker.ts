/** The work of `cyclebox worker`: does what a daemon on another machine hands out, until a signal. */
import { loadConfig, serveWords, serveWorker } from '../daemon/index.js';
import { openPlainLog } from './daemon-log.js';
import { logLevel } from './log-level.js';
import { exitCodes } from './report-error.js';
import { stopOnSignal } from './stopping.js';

export interface RunWorkerOptions {
  readonly config: string;
  readonly verbose?: boolean;
  /** Without plugins that have code. */
  readonly safe?: boolean;
}

/** @returns the exit code */
export async function runWorker({ config: file, verbose, safe }: RunWorkerOptions): Promise<number> {
  const config = await loadConfig(file);
  const say = openPlainLog(logLevel({ verbose }));
  const info = (text: string, record: Readonly<Record<string, unknown>> = {}) => say([{ level: 'info', text, record }]);
  const stopping = stopOnSignal(signal =>
    info(`${signal}: finishing what runs; press again to exit at once`, { signal }),
  );
  try {
    const worker = await serveWorker(config, {
      configFile: file,
      safe,
      onEvent: event => say(serveWords(event)),
      onWorkerOutput: ({ stream, text }) => say([{ level: 'debug', text: `worker: ${text}`, record: { stream } }]),
    });
    const { id: name, devices, translations } = worker;
    const on = devices.map(({ device, name }) => `${device} (${name})`).join(', ');
    const can = translations.map(({ key }) => key);
    info(`the worker ${name} does ${can.join(', ') || 'nothing yet'} on ${on}`, { worker: name, translations: can });
    await stopping.requested;
    await worker.stop();
    info('stopped');
    return exitCodes.ok;
  } finally {
    stopping.dispose();
  }
}
