/**
 * Everybody who listens: one frame made once and written to all. Who does not read is dropped, so that no memory grows with a browser
 * that sleeps; it comes back by itself and is told what it has missed. It does not know what the events are.
 */
import type { ServerResponse } from 'node:http';
import { type Clock, type Disposable, Emitter, type Event } from '../../base/index.js';
import { ReplayLog } from './replay-log.js';

export interface StreamHubOptions {
  readonly clock: Clock;
  /** What somebody gets who comes without having missed anything that is known. */
  readonly snapshot: () => Promise<{ readonly type: string }>;
  /** Default 100. */
  readonly mostClients?: number;
  /** Of what one client has not read yet; beyond it, it is dropped. Default 1 MiB. */
  readonly mostUnreadBytes?: number;
  /** Between signs of life. Default 15 s. */
  readonly heartbeatMs?: number;
}

const replay = { mostFrames: 1000, mostChars: 4 * 1024 * 1024 };
/** Browsers wait so long before they come back. */
const retryMs = 1000;

interface Client {
  readonly response: ServerResponse;
  /** False until it has its snapshot: frames wait. */
  isReady: boolean;
  readonly waiting: string[];
}

export class StreamHub implements Disposable {
  readonly #options: StreamHubOptions;
  readonly #log = new ReplayLog(replay);
  readonly #clients = new Set<Client>();
  readonly #population = new Emitter<number>();
  #heartbeat: Disposable | undefined;
  #dropped = 0;

  constructor(options: StreamHubOptions) {
    this.#options = options;
  }

  /** How many listen, whenever that changes. */
  readonly onPopulation: Event<number> = this.#population.event;

  get population(): number {
    return this.#clients.size;
  }

  get isFull(): boolean {
    return this.#clients.size >= (this.#options.mostClients ?? 100);
  }

  /** Clients that did not read, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes over a response whose head has been written. @param lastId of the last event that its owner has seen */
  async join(response: ServerResponse, lastId: string | undefined): Promise<void> {
    const client: Client = { response, isReady: false, waiting: [] };
    this.#clients.add(client);
    response.on('close', () => this.#leave(client));
    response.on('error', () => this.#leave(client));
    this.#population.fire(this.#clients.size);
    this.#heartbeat ??= this.#options.clock.after(this.#heartbeatMs, () => this.#beat());
    response.write(`retry: ${retryMs}\n\n`);
    const missed = lastId === undefined ? undefined : this.#log.after(lastId);
    for (const frame of missed ?? [await this.#snapshot(client)]) this.#write(client, frame);
    client.isReady = true;
    for (const frame of client.waiting.splice(0)) this.#write(client, frame);
  }

  send(event: { readonly type: string }): void {
    const data = JSON.stringify(event);
    const frame = this.#log.add(id => frameOf(id, event.type, data));
    for (const client of this.#clients) {
      if (client.isReady) this.#write(client, frame);
      else client.waiting.push(frame);
    }
  }

  /** What happens from now on is not sent, since nobody listens. */
  forget(): void {
    this.#log.forget();
  }

  dispose(): void {
    void this.#heartbeat?.dispose();
    for (const { response } of this.#clients) response.end();
    this.#clients.clear();
    this.#population.dispose();
  }

  /** Frames that come while it is made are newer than it, or in it already: rows are whole, so both are right. */
  async #snapshot(client: Client): Promise<string> {
    const id = this.#log.lastId;
    const event = await this.#options.snapshot();
    if (client.response.destroyed) this.#leave(client);
    return frameOf(id, event.type, JSON.stringify(event));
  }

  #write(client: Client, frame: string): void {
    const { response } = client;
    if (response.destroyed || response.writableEnded) return;
    // What was there before: who reads has taken that by now, however large this frame is.
    if (response.writableLength <= (this.#options.mostUnreadBytes ?? 1024 * 1024)) return void response.write(frame);
    this.#dropped++;
    response.destroy();
  }

  #leave(client: Client): void {
    if (!this.#clients.delete(client)) return;
    if (this.#clients.size === 0) {
      void this.#heartbeat?.dispose();
      this.#heartbeat = undefined;
    }
    this.#population.fire(this.#clients.size);
  }

  get #heartbeatMs(): number {
    return this.#options.heartbeatMs ?? 15_000;
  }

  /** A comment, which browsers pass over; proxies and the page see that the line is alive. */
  #beat(): void {
    this.#heartbeat = this.#options.clock.after(this.#heartbeatMs, () => this.#beat());
    for (const client of this.#clients) this.#write(client, ': here\n\n');
  }
}

function frameOf(id: string, type: string, data: string): string {
  return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
}
