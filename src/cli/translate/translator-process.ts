/**
 * The process that translates for `cyclebox translate`, with a limit on the time of each step. Native code cannot be
 * interrupted: what takes too long is ended with its process, and the next file gets a new one.
 *
 * Several files may be on their way at a time: one is decoded while another runs. The time of a file counts from when it is the
 * oldest of them. Whose fault the end of a process was that had several, or that one took too long, which may have waited for
 * another's turn in the network, nobody knows: each is tried again, by itself.
 */
import { rm } from 'node:fs/promises';
import { CycleboxError, type Disposable } from '../../base/index.js';
import { Child, compiledEntry } from '../../process/index.js';
import type { TranslatedImage } from '../../translate/index.js';
import type { PictureExchange } from '../../worker/index.js';
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
type Request = Parameters<TranslatorApi['translate']>[0];
type Translated = TranslatedImage | WrittenImage;

/** A file in the process. */
interface OnItsWay {
  readonly child: TranslatorChild;
  /** Another was there at the same time. */
  accompanied: boolean;
  tookTooLong: boolean;
}

/** The process has ended, and it may have been another file's doing. */
const undecided = Symbol('undecided');

export class TranslatorProcess implements Disposable {
  readonly #options: TranslatorProcessOptions;
  #opening: Promise<{ readonly child: TranslatorChild; readonly opened: OpenedTranslator }> | undefined;
  #child: TranslatorChild | undefined;
  /** The oldest first. */
  readonly #line: OnItsWay[] = [];
  /** Whose time is counted. */
  #watched: OnItsWay | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Ends when all that are tried again have been. */
  #retries: Promise<unknown> = Promise.resolve();

  constructor(options: TranslatorProcessOptions) {
    this.#options = options;
  }

  /** Starts the process and opens the model in it. @throws TIMED_OUT, or what `openTranslator` does */
  async open(): Promise<OpenedTranslator> {
    return (await this.#ready()).opened;
  }

  /** @throws TIMED_OUT, PROCESS_CRASHED, or what `Translator.translate` does */
  async translate(request: Request): Promise<Translated> {
    for (let seen: unknown; seen !== this.#retries; ) {
      seen = this.#retries;
      await seen;
    }
    const result = await this.#attempt(request);
    if (result !== undecided) return result;
    const again = this.#retries.then(() => this.#alone(request));
    this.#retries = again.catch(() => {});
    return again;
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
    clearTimeout(this.#timer);
    await this.#child?.dispose();
    this.#child = undefined;
  }

  #ready() {
    this.#opening ??= this.#start().catch(error => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #start() {
    const child = await Child.start<TranslatorApi, TranslatorListener>({
      entry: compiledEntry(import.meta.url, './translator-main.js'),
      name: 'translating process',
      protocol: translatorProtocol,
      handlers: this.#options.listener,
      unresponsiveAfterMs: 60_000,
    });
    this.#child = child;
    try {
      const { open, timeoutMs } = this.#options;
      return { child, opened: await child.call('open', open, { timeoutMs }) };
    } catch (error) {
      if (codeOf(error) === 'TIMED_OUT' || codeOf(error) === 'PROCESS_CRASHED') await this.#end(child);
      throw codeOf(error) === 'TIMED_OUT' ? this.#tooLong() : error;
    }
  }

  async #alone(request: Request): Promise<Translated> {
    await rm(request.target, { force: true });
    const result = await this.#attempt(request);
    if (result === undecided) throw new CycleboxError('PROTOCOL', 'a file that was alone had company');
    return result;
  }

  async #attempt(request: Request): Promise<Translated | typeof undecided> {
    const { child } = await this.#ready();
    const one: OnItsWay = { child, accompanied: false, tookTooLong: false };
    this.#line.push(one);
    if (this.#line.length > 1) for (const each of this.#line) each.accompanied = true;
    this.#watchOldest();
    try {
      return await child.call('translate', request);
    } catch (error) {
      const hasEnded = codeOf(error) === 'PROCESS_CRASHED' || this.#child !== child;
      if (hasEnded) await this.#end(child);
      if (hasEnded && one.accompanied) return undecided;
      if (one.tookTooLong) throw this.#tooLong();
      throw error;
    } finally {
      this.#line.splice(this.#line.indexOf(one), 1);
      this.#watchOldest();
    }
  }

  /** Anew whenever the oldest may be another; one that goes on keeps its time. */
  #watchOldest(): void {
    const [oldest] = this.#line;
    if (oldest === this.#watched) return;
    this.#watched = oldest;
    clearTimeout(this.#timer);
    if (!oldest) return;
    this.#timer = setTimeout(() => {
      oldest.tookTooLong = true;
      void this.#end(oldest.child);
    }, this.#options.timeoutMs);
  }

  async #end(child: TranslatorChild): Promise<void> {
    if (this.#child === child) {
      this.#child = undefined;
      this.#opening = undefined;
    }
    await child.kill();
  }

  #tooLong(): CycleboxError {
    return new CycleboxError(
      'TIMED_OUT',
      `It took longer than ${this.#options.timeoutMs / 1000} s and was ended. Raise the limit with --timeout SECONDS.`,
    );
  }
}

const codeOf = (error: unknown) => (error instanceof CycleboxError ? error.code : undefined);
