/** The latest adversarial losses, by network: what tells whether one side has won. */
import type { AdversarialHistory } from '../evaluation/index.js';
import type { TrainingSettings } from '../settings.js';
import type { Losses } from './step-runner.js';

const kept = 500;

export class AdversarialLog {
  readonly #byName = new Map<string, number[]>();

  add(losses: Losses): void {
    for (const [name, value] of Object.entries(losses)) {
      const values = this.#byName.get(name) ?? [];
      values.push(value);
      if (values.length > kept) values.shift();
      this.#byName.set(name, values);
    }
  }

  /** Of a generator `G_…` and its discriminator `D_…`; undefined in recipes that have none. */
  historyOf(generator: string, { loss }: TrainingSettings): AdversarialHistory | undefined {
    const [made, judged] = [generator, generator.replace(/^G/, 'D')].map(name => this.#byName.get(name));
    return made && judged && { loss, generator: made, discriminator: judged };
  }
}
