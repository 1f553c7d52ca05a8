/** What a running daemon tells of: the inbox's events, those of its configuration and of its workers. */

import type { HealthEvent } from '../health/index.js';
import type { InboxEvent } from '../inbox/index.js';
import type { ConfigEvent } from './config/index.js';
import type { WorkerEvent } from './pool/index.js';

export type DaemonEvent = InboxEvent | ConfigEvent | WorkerEvent | HealthEvent;
