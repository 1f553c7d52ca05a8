/**
 * What can be asked of a daemon, in plain data: the one service behind the command line's `status` and `queue`, the
 * control socket and, later, a dashboard. The inbox's half of it is `QueueService`; what only the composition knows
 * (process, configuration, routes) joins it here. Nothing here knows sockets or terminals.
 */
import type { SkippedDevice } from '../../engine/index.js';
import type {
  CancelSelection,
  PurgeSelection,
  QueueChange,
  QueueEntry,
  QueueQuery,
  QueueStatus,
  RetrySelection,
} from '../../inbox/index.js';
import type { PluginFacts } from '../../plugin-host/index.js';
import type { ReloadOutcome } from '../config/index.js';
import type { WorkerFacts } from '../pool/index.js';

/** The state of a running daemon, or of what the last one left. */
export interface DaemonStatus extends QueueStatus {
  /** Absent when none runs. */
  readonly daemon?: DaemonFacts | undefined;
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
}

export interface DaemonFacts {
  readonly pid: number;
  readonly host: string;
  readonly version: string;
  /** Epoch. */
  readonly startedMs: number;
  /** Absolute; absent when the configuration came from elsewhere than a file. */
  readonly configFile?: string | undefined;
  /** Why the last change of the configuration file was not taken over. */
  readonly configProblem?: string | undefined;
  /** One for each device. */
  readonly workers: readonly WorkerFacts[];
  /** Devices that are not used, and why. */
  readonly passedOver: readonly SkippedDevice[];
  readonly routes: readonly {
    readonly match: string;
    readonly translation: string;
    readonly problem?: string | undefined;
  }[];
  /** Each with how it stands now. */
  readonly plugins: readonly PluginFacts[];
  /** Since the start. */
  readonly done: number;
  readonly failed: number;
}

/** Everything that can be asked. */
export interface DaemonService {
  status(): Promise<DaemonStatus>;
  list(query?: QueueQuery): Promise<readonly QueueEntry[]>;
  retry(which: RetrySelection): Promise<QueueChange>;
  cancel(which: CancelSelection): Promise<QueueChange>;
  pause(reason?: string): Promise<void>;
  resume(): Promise<void>;
  purge(which?: PurgeSelection): Promise<QueueChange>;
  /** Reads the configuration file again now. */
  reload(): Promise<ReloadOutcome>;
}
