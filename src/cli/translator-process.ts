/**
 * The process that translates for `cyclebox translate`, with a limit on the time of each step. Native code cannot be
 * interrupted: what takes too long is ended with its process, and the next file gets a new one.
 */
import { CycleboxError, type Disposable } from '../base/index.js';
import { type CallOptions, Child, compiledEntry } from '../process/index.js';
import type { TranslatedImage } from '../translate/index.js';
import type { PictureExchange } from '../worker/index.js';
import {
  type OpenedTranslator,
  type TranslatorApi,
  type TranslatorListener,
  translatorProtocol,
  type WrittenImage,
} from './translator-protocol.js';

export interface TranslatorProcessOptions {
  readonly open: Parameters<TranslatorApi['open']>[0];
  readonly timeoutMs: number;
  readonly listener: TranslatorListener;
}

type TranslatorChild = Child<TranslatorApi, TranslatorListener>;

export class TranslatorProcess implements Disposable {
  readonly #options: TranslatorProcessOptions;
  #child: TranslatorChild | undefined;

  constructor(options: TranslatorProcessOptions) {
    this.#options = options;
  }

  /** Starts the process and opens the model in it. @throws TIMED_OUT, or what `openTranslator` does */
  async open(): Promise<OpenedTranslator> {
    const child = await Child.start<TranslatorApi, TranslatorListener>({
      entry: compiledEntry(import.meta.url, './translator-main.js'),
      name: 'translating process',
      protocol: translatorProtocol,
      handlers: this.#options.listener,
      unresponsiveAfterMs: 60_000,
    });
    this.#child = child;
    return this.#within(child, limit => child.call('open', this.#options.open, limit));
  }

  /** @throws TIMED_OUT, PROCESS_CRASHED, or what `Translator.translate` does */
  async translate(...[request]: Parameters<TranslatorApi['translate']>): Promise<TranslatedImage | WrittenImage> {
    if (!this.#child) await this.open();
    const child = this.#child!;
    return this.#within(child, limit => child.call('translate', request, limit));
  }

  /** The picture that waits between two stages. */
  get exchange(): PictureExchange {
    const child = () => {
      if (this.#child) return this.#child;
      throw new CycleboxError('PROTOCOL', 'the translating process has ended');
    };
    return {
      exportTo: path => child().call('exportPicture', { path }),
      importFrom: path => child().call('importPicture', { path }),
    };
  }

  async dispose(): Promise<void> {
    await this.#child?.dispose();
    this.#child = undefined;
  }

  async #within<T>(child: TranslatorChild, work: (limit: CallOptions) => Promise<T>): Promise<T> {
    const { timeoutMs } = this.#options;
    try {
      return await work({ timeoutMs });
    } catch (error) {
      const code = error instanceof CycleboxError ? error.code : undefined;
      if (code !== 'TIMED_OUT' && code !== 'PROCESS_CRASHED') throw error;
      await child.kill();
      this.#child = undefined;
      if (code === 'PROCESS_CRASHED') throw error;
      throw new CycleboxError(
        'TIMED_OUT',
        `It took longer than ${timeoutMs / 1000} s and was ended. Raise the limit with --timeout SECONDS.`,
      );
    }
  }
}
