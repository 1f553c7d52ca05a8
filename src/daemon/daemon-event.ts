/** What a running daemon tells of: the inbox's events, those of its configuration, of its workers and of its plugins. */

import type { DispatchEvent } from '../dispatch/index.js';
import type { HealthEvent } from '../health/index.js';
import type { InboxEvent } from '../inbox/index.js';
import type { PluginEvent } from '../plugin-host/index.js';
import type { ConfigEvent } from './config/index.js';
import type { WorkerEvent } from './pool/index.js';

export type DaemonEvent =
  | InboxEvent
  | ConfigEvent
  | WorkerEvent
  | DispatchEvent
  | HealthEvent
  /** A plugin with code: how it stands, what it says, what goes wrong with it. */
  | { readonly type: 'plugin'; readonly event: PluginEvent }
  /** A plugin cannot be run, and the configuration wants the daemon to end then. */
  | { readonly type: 'pluginAbort'; readonly plugin: string; readonly text: string };
