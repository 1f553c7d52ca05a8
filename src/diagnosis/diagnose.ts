/**
 * Looks at everything that the daemon, `translate` and `train` depend on, and says what would keep them from working.
 * It changes nothing: folders that are missing are not made, the journal is not opened, a running daemon is not asked.
 */
import { basename, dirname, resolve } from 'node:path';
import { asCycleboxError, CycleboxError } from '../base/index.js';
import { type DaemonConfig, inspectConfig, loadConfig } from '../daemon/index.js';
import { type EngineChoice, type EngineId, parseEngineChoice } from '../engine/index.js';
import { examineEngines } from './engines.js';
import { examineFolders } from './folders.js';
import { examineInstallation, examineMachine } from './machine.js';
import { examineModels, examineRoutes } from './models.js';
import type { Complaint, Diagnosis } from './report.js';
import { shellQuote } from './shell-quote.js';
import { examineWatching } from './watching.js';

export interface DiagnoseOptions {
  /** The configuration file; default `watch-config.json`, which may be missing. */
  readonly config?: string | undefined;
  /** Engines to try; default: all. */
  readonly engines?: readonly EngineId[] | undefined;
  /** Milliseconds for timing each device; default 2000. */
  readonly budgetMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaultConfig = 'watch-config.json';

/** @throws CANCELLED by the signal, and nothing else: what is wrong is in the diagnosis. */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const complaints: Complaint[] = [];
  const { config, file } = await readConfig(options.config, complaints);
  const installation = await examineInstallation(complaints);
  const folders = config ? await examineFolders(config, complaints) : [];
  const watching = config && (await examineWatching(config, complaints));
  const models = await examineModels(config, complaints);
  if (config) await examineConfig(config, complaints);
  const { precision } = config ?? {};
  const engines = await examineEngines(enginesOf(config), complaints, { ...options, precision });
  return {
    ok: !complaints.some(({ blocking }) => blocking),
    installation,
    machine: examineMachine(),
    config: file,
    folders,
    watching,
    models,
    ...engines,
    complaints,
  };
}

async function readConfig(
  asked: string | undefined,
  complaints: Complaint[],
): Promise<{ readonly config: DaemonConfig | undefined; readonly file: string | undefined }> {
  const file = resolve(asked ?? defaultConfig);
  try {
    return { config: await loadConfig(file), file };
  } catch (error) {
    const { code, message } = asCycleboxError(error);
    const isMissing = code === 'CONFIG_NOT_FOUND';
    // Whoever only translates and trains needs no configuration.
    const blocking = !(isMissing && asked === undefined);
    const remedy = isMissing ? initCommand(file) : undefined;
    for (const line of message.split('\n'))
      complaints.push({ about: 'configuration', blocking, message: line, remedy });
    return { config: undefined, file: isMissing ? undefined : file };
  }
}

async function examineConfig(config: DaemonConfig, complaints: Complaint[]): Promise<void> {
  try {
    const { routes } = await inspectConfig(config);
    examineRoutes(routes, complaints);
  } catch (error) {
    if (!(error instanceof CycleboxError)) throw error;
    for (const message of error.message.split('\n'))
      complaints.push({ about: 'configuration', blocking: true, message });
  }
}

/** Undefined for a file of another name than `cyclebox init` gives. */
function initCommand(file: string): string | undefined {
  if (basename(file) !== defaultConfig) return undefined;
  return dirname(file) === process.cwd() ? 'cyclebox init' : `cyclebox init ${shellQuote(dirname(file))}`;
}

function enginesOf(config: DaemonConfig | undefined): readonly EngineChoice[] {
  return [config?.engine ?? 'auto'].flat().map(parseEngineChoice);
}
