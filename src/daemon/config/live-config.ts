/**
 * Keeps the resolved configuration that is in force: reads the configuration file again when it changes, and looks for models that
 * have come or changed. A change is checked in full before anything of it holds; one at a time.
 */
import { resolve } from 'node:path';
import {
  asCycleboxError,
  type CycleboxError,
  type Disposable,
  Emitter,
  type Event,
  errorToData,
} from '../../base/index.js';
import { type DaemonConfig, loadConfig } from './config.js';
import type { ConfigEvent } from './config-event.js';
import { changedKeys, type ReloadOutcome, requireHot, requireSound } from './config-reload.js';
import { ConfigWatcher } from './config-watcher.js';
import { checkFolders, makeFolders } from './folders.js';
import {
  changedModels,
  newFaults,
  type ResolvedConfig,
  refreshModels,
  resolveModels,
  routeFolders,
} from './resolved-config.js';

/** A model file must have stayed as it is for this long before it is used. */
const modelSettleMs = 1000;

/** Another configuration is in force. */
export interface Applied<Prepared> {
  /** The keys that differ; none when only models do. */
  readonly keys: readonly string[];
  /** What `prepare` made of the new configuration; undefined when only models differ. */
  readonly prepared: Prepared | undefined;
}

/** What else must go well before a new configuration holds; throws when it cannot. */
export type Prepare<Prepared> = (config: DaemonConfig, keys: readonly string[]) => Promise<Prepared>;

export class LiveConfig<Prepared = void> implements Disposable {
  /** Absolute; undefined when the configuration came from no file. */
  readonly file: string | undefined;
  readonly #applied = new Emitter<Applied<Prepared>>();
  readonly #events = new Emitter<ConfigEvent>();
  readonly #prepare: Prepare<Prepared>;
  #resolved: ResolvedConfig;
  #problem: CycleboxError | undefined;
  #watcher: ConfigWatcher | undefined;
  #modelTimer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(resolved: ResolvedConfig, file: string | undefined, prepare: Prepare<Prepared>) {
    this.#resolved = resolved;
    this.#prepare = prepare;
    this.file = file === undefined ? undefined : resolve(file);
  }

  /** Fired before the event of it. */
  readonly onApplied: Event<Applied<Prepared>> = this.#applied.event;

  readonly onEvent: Event<ConfigEvent> = this.#events.event;

  get resolved(): ResolvedConfig {
    return this.#resolved;
  }

  /** Why the file's last change does not hold. */
  get problem(): CycleboxError | undefined {
    return this.#problem;
  }

  /** Follows the file and the models from now on. */
  watch(): void {
    if (this.#disposed) return;
    this.#scheduleModels();
    if (this.file === undefined) return;
    this.#watcher = new ConfigWatcher(this.file);
    this.#watcher.onChange(() => void this.reload());
    // It may have changed since it was read for the start.
    void this.#watcher.look();
  }

  reload(): Promise<ReloadOutcome> {
    return this.#runExclusive(() => this.#reload());
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#modelTimer);
    this.#watcher?.dispose();
    this.#applied.dispose();
    this.#events.dispose();
  }

  async #reload(): Promise<ReloadOutcome> {
    try {
      const next = await this.#next();
      const wasRefused = this.#problem !== undefined;
      this.#problem = undefined;
      if (next) this.#apply(next.resolved, next);
      else await this.#lookForModels();
      const keys = next?.keys ?? [];
      if (next || wasRefused) this.#events.fire({ type: 'reloaded', keys });
      return next ? { kind: 'applied', keys } : { kind: 'unchanged' };
    } catch (thrown) {
      const error = asCycleboxError(thrown);
      this.#problem = error;
      this.#events.fire({ type: 'reloadRefused', error });
      return { kind: 'refused', error: errorToData(error) };
    }
  }

  /** The configuration that the file asks for, checked in full; undefined when it is in force. Throws when it cannot hold. */
  async #next(): Promise<(Applied<Prepared> & { readonly resolved: ResolvedConfig }) | undefined> {
    const { file } = this;
    if (file === undefined) return undefined;
    const config = await loadConfig(file);
    const keys = changedKeys(this.#resolved.config, config);
    if (keys.length === 0) return undefined;
    await checkFolders(config);
    requireHot(keys, file);
    const resolved = await resolveModels(config);
    requireSound(newFaults(this.#resolved, resolved), file);
    const prepared = await this.#prepare(config, keys);
    await makeFolders(routeFolders(resolved));
    return { resolved, keys, prepared };
  }

  #apply(resolved: ResolvedConfig, { keys, prepared }: Applied<Prepared>): void {
    if (this.#disposed) return;
    this.#resolved = resolved;
    this.#applied.fire({ keys, prepared });
  }

  #scheduleModels(): void {
    this.#modelTimer = setTimeout(() => {
      void this.#runExclusive(() => this.#lookForModels()).finally(() => {
        if (!this.#disposed) this.#scheduleModels();
      });
    }, this.#resolved.config.rescanMs);
    this.#modelTimer.unref();
  }

  /** What cannot be read now is looked for again. */
  async #lookForModels(): Promise<void> {
    const before = this.#resolved;
    const fresh = await refreshModels(before, modelSettleMs).catch(() => undefined);
    if (!fresh || this.#disposed) return;
    const translations = changedModels(before, fresh);
    this.#apply(fresh, { keys: [], prepared: undefined });
    if (translations.length > 0) this.#events.fire({ type: 'modelsChanged', translations });
  }

  #runExclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}
