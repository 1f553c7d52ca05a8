/**
 * The plugins with code of a project, run for one command: no daemon is asked, and none is disturbed. What plugins keep lies in the
 * project's state folder; without a project, in a folder that goes with the command.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disposable, DisposableStore, toDisposable } from '../../base/index.js';
import { availablePairs } from '../../catalog/index.js';
import { PluginTranslator } from '../../daemon/index.js';
import { loadPluginSet, type PluginEvent, PluginHost, PluginRegistry } from '../../plugin-host/index.js';
import { findProject, type PluginsOptions } from './plugin-project.js';

export interface PluginSession extends Disposable {
  readonly host: PluginHost;
}

export interface PluginSessionOptions extends PluginsOptions {
  /** The model store; default: the project's. */
  readonly models?: string | undefined;
}

/** @throws CONFIG_INVALID, FILE_UNREADABLE */
export async function openPluginSession(options: PluginSessionOptions): Promise<PluginSession> {
  const opened = new DisposableStore();
  const { config, options: places, state } = await findProject(options);
  const stateFolder = config ? state : await temporaryState(opened);
  const set = await loadPluginSet(places);
  const sources = {
    catalog: availablePairs(set, config?.disabledPairs ?? []),
    modelStore: options.models ?? config?.models,
  };
  const translator = opened.add(
    new PluginTranslator(
      () => sources,
      () => ({}),
    ),
  );
  const registry = opened.add(new PluginRegistry());
  registry.apply(set);
  const settings = config?.settings ?? {};
  const host = opened.add(new PluginHost({ registry, stateFolder, settings, translate: translator.translate }));
  host.onEvent(showEvent);
  return { host, dispose: () => opened.dispose() };
}

async function temporaryState(opened: DisposableStore): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-plugins-'));
  opened.add(toDisposable(() => rm(folder, { recursive: true, force: true })));
  return folder;
}

/** What plugins say goes beside the results; faults are what the command fails with. */
function showEvent(event: PluginEvent): void {
  if (event.type === 'said' && event.level !== 'debug') process.stderr.write(`${event.plugin}: ${event.message}\n`);
}
