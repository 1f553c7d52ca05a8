/**
 * The process that re-encodes, as the daemon sees it: started with the first picture, one picture at a time, ended when nobody has
 * asked for a while. One that takes too long is ended with its process.
 */
import { type Clock, CycleboxError, type Disposable } from '../../base/index.js';
import { compiledEntry, Supervisor } from '../../process/index.js';
import { type PictureApi, type PictureRequest, pictureProtocol } from './picture-protocol.js';

export interface PictureProcessOptions {
  readonly clock: Clock;
  /** Default 60 s. */
  readonly idleMs?: number;
  /** For tests, which run from sources. */
  readonly entry?: string | undefined;
}

const withinMs = 60_000;
/** Pages ask for what can be seen; more than that is somebody else. */
const mostWaiting = 500;

export class PictureProcess implements Disposable {
  readonly #options: PictureProcessOptions;
  readonly #supervisor: Supervisor<PictureApi>;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #idle: Disposable | undefined;
  #isDisposed = false;

  constructor(options: PictureProcessOptions) {
    this.#options = options;
    this.#supervisor = new Supervisor<PictureApi>({
      entry: options.entry ?? compiledEntry(import.meta.url, './picture-main.js'),
      name: 'picture process',
      protocol: pictureProtocol,
      handlers: {},
      unresponsiveAfterMs: withinMs,
    });
  }

  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  /** @throws LIMIT_REACHED when too many wait, TIMED_OUT, or what `PictureApi.encode` does */
  encode(request: PictureRequest): Promise<{ readonly width: number; readonly height: number }> {
    if (this.#waiting >= mostWaiting)
      return Promise.reject(new CycleboxError('LIMIT_REACHED', 'Too many pictures are waited for. Ask again later.'));
    this.#waiting++;
    const result = this.#turn.then(() => this.#encode(request)).finally(() => this.#ended());
    this.#turn = result.catch(() => {});
    return result;
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    void this.#idle?.dispose();
    await this.#supervisor.dispose();
  }

  async #encode(request: PictureRequest) {
    void this.#idle?.dispose();
    const child = await this.#supervisor.child();
    try {
      return await child.call('encode', request, { timeoutMs: withinMs });
    } catch (error) {
      if (error instanceof CycleboxError && error.code === 'TIMED_OUT') await this.#supervisor.kill();
      throw error;
    }
  }

  #ended(): void {
    this.#waiting--;
    if (this.#waiting > 0 || this.#isDisposed) return;
    const { clock, idleMs = 60_000 } = this.#options;
    void this.#idle?.dispose();
    this.#idle = clock.after(idleMs, () => void this.#supervisor.kill());
  }
}
