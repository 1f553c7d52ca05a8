/**
 * What a plugin has cost: calls and their time by kind, starts by phase, crashes, the most memory. Kept in a file of the plugin's
 * own, so that the command line shows it whether or not a daemon runs. A ledger that cannot be read begins anew.
 */
import { z } from 'zod';
import { readRegularText, writeFileAtomic } from '../../base/index.js';

const count = z.number().min(0);

const calls = z.object({ calls: count, failures: count, totalMs: count, longestMs: count });

const schema = z.object({
  /** By the method's name. */
  calls: z.record(z.string(), calls),
  starts: count,
  crashes: count,
  /** Of all processes so far. */
  peakBytes: count,
  /** The last start: until the process spoke, until its code was loaded, until `activate` had ended. */
  activation: z.object({ processMs: count, loadMs: count, activateMs: count }).optional(),
});

export type PluginCosts = Readonly<z.infer<typeof schema>>;
export type ActivationPhases = NonNullable<PluginCosts['activation']>;

const nothing: PluginCosts = { calls: {}, starts: 0, crashes: 0, peakBytes: 0 };

export class CostLedger {
  readonly #file: string;
  #costs: PluginCosts;

  private constructor(file: string, costs: PluginCosts) {
    this.#file = file;
    this.#costs = costs;
  }

  static async open(file: string): Promise<CostLedger> {
    return new CostLedger(file, await readCosts(file));
  }

  get costs(): PluginCosts {
    return this.#costs;
  }

  called(method: string, ms: number, failed: boolean): void {
    const before = this.#costs.calls[method] ?? { calls: 0, failures: 0, totalMs: 0, longestMs: 0 };
    const after = {
      calls: before.calls + 1,
      failures: before.failures + (failed ? 1 : 0),
      totalMs: before.totalMs + ms,
      longestMs: Math.max(before.longestMs, ms),
    };
    this.#costs = { ...this.#costs, calls: { ...this.#costs.calls, [method]: after } };
  }

  started(activation: ActivationPhases): void {
    this.#costs = { ...this.#costs, starts: this.#costs.starts + 1, activation };
  }

  crashed(): void {
    this.#costs = { ...this.#costs, crashes: this.#costs.crashes + 1 };
  }

  used(peakBytes: number): void {
    this.#costs = { ...this.#costs, peakBytes: Math.max(this.#costs.peakBytes, peakBytes) };
  }

  /** What cannot be written is lost: figures are no reason for a failure. */
  async save(): Promise<void> {
    await writeFileAtomic(this.#file, `${JSON.stringify(this.#costs)}\n`).catch(() => {});
  }
}

/** Nothing, where nothing is known. */
export async function readCosts(file: string): Promise<PluginCosts> {
  try {
    return schema.parse(JSON.parse(await readRegularText(file)));
  } catch {
    return nothing;
  }
}
