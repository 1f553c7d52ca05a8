/**
 * Translates pictures that plugins ask for, in a worker of its own: one that is asked for in the middle of a job must not wait for
 * the worker that waits for the job. One at a time; the worker's process starts with the first and ends with the daemon.
 */
import { type Disposable, newJobId } from '../../base/index.js';
import { type PluginCatalog, resolveDirection } from '../../catalog/index.js';
import type { TranslateForPlugin } from '../../plugin-host/index.js';
import { ComputeWorker, type ComputeWorkerOptions } from '../../worker/index.js';

const withinMs = 600_000;

/** Where pairs and models are found, as it is when they are asked for. */
export interface PairSources {
  readonly catalog: PluginCatalog;
  readonly modelStore: string | undefined;
}

export class PluginTranslator implements Disposable {
  readonly #sources: () => PairSources;
  readonly #options: () => ComputeWorkerOptions;
  #worker: ComputeWorker | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param options of the worker, read when it is first needed */
  constructor(sources: () => PairSources, options: () => ComputeWorkerOptions) {
    this.#sources = sources;
    this.#options = options;
  }

  /** @throws PAIR_NOT_FOUND, DOMAIN_NOT_FOUND, MODEL_…, ENGINE_…, CANCELLED */
  readonly translate: TranslateForPlugin = (request, signal) => {
    const work = this.#turn.then(() => this.#translate(request, signal));
    this.#turn = work.catch(() => {});
    return work;
  };

  async dispose(): Promise<void> {
    await this.#worker?.dispose();
  }

  async #translate(
    { pair, to, picture, result }: Parameters<TranslateForPlugin>[0],
    signal: AbortSignal,
  ): Promise<void> {
    const { catalog, modelStore } = this.#sources();
    const { model, fit } = await resolveDirection(catalog.pair(pair), to, { modelStore });
    this.#worker ??= new ComputeWorker(this.#options());
    const shown = { scale: fit?.scale ?? 'native', trainedSize: fit?.trainedSize, tiling: fit?.tiling };
    const task = { job: newJobId(), model, fit: shown, picture, result, signal, timeoutMs: withinMs };
    await this.#worker.translatePixels(task);
  }
}
