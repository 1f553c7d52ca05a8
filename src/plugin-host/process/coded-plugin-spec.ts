/** What the host has to know of a plugin with code in order to run it: drawn from its manifest by whoever read that. */
import type { PluginPermissions, PluginSettings } from '../../plugin-api/index.js';
import type { ContributedIds } from '../runtime/index.js';

export interface CodedPluginSpec {
  readonly name: string;
  readonly version: string;
  /** Absolute. */
  readonly folder: string;
  /** The module with `activate`, absolute, in the folder. */
  readonly main: string;
  readonly permissions: PluginPermissions;
  /** With defaults. */
  readonly settings: PluginSettings;
  readonly contributes: ContributedIds;
  /** What starts it: `onTranslate:grain`, `onStartupFinished`. */
  readonly activationEvents: readonly string[];
}
