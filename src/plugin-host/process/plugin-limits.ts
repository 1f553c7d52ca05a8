/** How long things of plugins may take, and how much they may hold: one place for all of it. Times in ms. */
import type { PluginCallName } from '../runtime/index.js';

export interface PluginLimits {
  /** From the start of the process until it speaks. */
  readonly handshakeMs: number;
  /** By what is asked; then the process is ended, since half of the work may be done. */
  readonly callMs: Readonly<Record<PluginCallName, number>>;
  /** While something is asked of it, a process says so often that it is there. */
  readonly heartbeatMs: number;
  /** An acknowledgement owed for longer makes it unresponsive. */
  readonly unresponsiveAfterMs: number;
  /** Unresponsive for longer, it is ended. */
  readonly endAfterMs: number;
  /** With nothing asked of it for so long, it is ended in order, and comes back when it is needed. */
  readonly idleAfterMs: number;
  /** What its process may hold in all, and what of that JavaScript's own objects may take. */
  readonly memoryBytes: number;
  readonly heapMegabytes: number;
}

export const pluginLimits: PluginLimits = {
  handshakeMs: 30_000,
  callMs: {
    activate: 30_000,
    preprocess: 60_000,
    postprocess: 60_000,
    route: 10_000,
    measure: 60_000,
    recipe: 60_000,
    command: 600_000,
    usage: 60_000,
    deactivate: 5000,
  },
  heartbeatMs: 1000,
  unresponsiveAfterMs: 3000,
  endAfterMs: 15_000,
  idleAfterMs: 120_000,
  memoryBytes: 2 ** 30,
  heapMegabytes: 512,
};
