/**
 * The plugins with code of one training, in its own process: opened when one of them is first asked for, ended with it. Where the
 * daemon has the same plugin running, the two do not know each other.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CycleboxError, type Disposable, DisposableStore, toDisposable } from '../../base/index.js';
import {
  loadPluginSet,
  type PluginEvent,
  PluginHost,
  PluginRegistry,
  type PluginSetOptions,
  type WrittenSettings,
} from '../../plugin-host/index.js';
import type { PairMetric } from '../evaluation/index.js';
import type { TrainingOptions } from '../options.js';
import type { PluginName } from '../plugin-names.js';
import { pluginMetric } from './plugin-metric.js';
import { withPluginRecipe } from './plugin-recipe.js';

/** Where plugins are looked for, and what users wrote for them: plain data. */
export interface TrainingPluginPlaces extends PluginSetOptions {
  readonly settings?: WrittenSettings | undefined;
  /** Where what plugins keep lies; default: in a folder that goes with the training. */
  readonly stateFolder?: string | undefined;
}

export class TrainingPlugins implements Disposable {
  readonly #places: TrainingPluginPlaces;
  readonly #onSaid: (plugin: string, message: string) => void;
  readonly #opened = new DisposableStore();
  #host: Promise<PluginHost> | undefined;

  /** @param onSaid hears what plugins have to say, but for what they say to their own log only */
  constructor(places: TrainingPluginPlaces, onSaid: (plugin: string, message: string) => void = () => {}) {
    this.#places = places;
    this.#onSaid = onSaid;
  }

  /** @throws PLUGIN_UNAVAILABLE, PLUGIN_FAILED, PLUGIN_CRASHED, USAGE */
  withRecipe(options: TrainingOptions): Promise<TrainingOptions> {
    return withPluginRecipe(options, () => this.#open());
  }

  /** @throws PLUGIN_UNAVAILABLE */
  readonly findMetric = async (name: PluginName): Promise<PairMetric> => pluginMetric(await this.#open(), name);

  async dispose(): Promise<void> {
    await this.#host?.catch(() => {});
    await this.#opened.dispose();
  }

  #open(): Promise<PluginHost> {
    this.#host ??= this.#openHost();
    return this.#host;
  }

  async #openHost(): Promise<PluginHost> {
    const { settings = {}, stateFolder: kept, ...places } = this.#places;
    const set = await loadPluginSet(places);
    const registry = this.#opened.add(new PluginRegistry());
    registry.apply(set);
    const stateFolder = kept ?? (await this.#temporaryState());
    const host = this.#opened.add(
      new PluginHost({ registry, stateFolder, settings, translate: nothingToTranslateWith }),
    );
    host.onEvent(event => this.#heard(event));
    return host;
  }

  async #temporaryState(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'cyclebox-plugins-'));
    this.#opened.add(toDisposable(() => rm(folder, { recursive: true, force: true })));
    return folder;
  }

  #heard(event: PluginEvent): void {
    if (event.type === 'said' && event.level !== 'debug') this.#onSaid(event.plugin, event.message);
  }
}

async function nothingToTranslateWith(): Promise<never> {
  throw new CycleboxError('USAGE', 'a training has no translate(): its device is at work on the training');
}
