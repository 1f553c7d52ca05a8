/** What happens to the configuration while the daemon runs. */
import type { CycleboxError } from '../../base/index.js';

export type ConfigEvent =
  /** The configuration file has changed and holds from now on; no keys: it is again what was in force all along. */
  | { readonly type: 'reloaded'; readonly keys: readonly string[] }
  /** The configuration file has changed for the worse, or in what needs a restart: the old one holds. */
  | { readonly type: 'reloadRefused'; readonly error: CycleboxError }
  /** Models that were not there, or were others, are used from now on: their translations. */
  | { readonly type: 'modelsChanged'; readonly translations: readonly string[] }
  /** Plugins have come, changed or gone, by name; the faults are those that were not there before. */
  | {
      readonly type: 'pluginsChanged';
      readonly added: readonly string[];
      readonly changed: readonly string[];
      readonly removed: readonly string[];
      readonly faults: readonly CycleboxError[];
    };
