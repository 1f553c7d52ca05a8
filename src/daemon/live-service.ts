/**
 * What a program in the daemon's own process can ask besides: everything that a dashboard shows, and changes to many jobs. The
 * control socket does not offer it; whoever serves it further (`server/`) sees to who may ask.
 */
import type { Event } from '../base/index.js';
import type { Deliveries, JobAction, JobLists, JobSelection, JobsChange } from '../inbox/index.js';
import type { PluginFacts, PluginSet } from '../plugin-host/index.js';
import type { DaemonConfig, Route } from './config/index.js';
import type { DaemonService } from './control/index.js';
import type { DaemonEvent } from './daemon-event.js';
import type { TrainingRuns } from './trainings/index.js';
import type { EventLog } from './words/index.js';

export interface LiveService extends DaemonService {
  /** In force now. */
  readonly config: DaemonConfig;
  readonly routes: readonly Route[];
  /** Jobs a page at a time, with filters, counts and attempts. */
  readonly jobs: JobLists;
  /** What is said of every event, numbered: the latest lines. */
  readonly log: EventLog;
  /** Each with how it stands. */
  readonly plugins: PluginSet;
  /** What their processes do now, in the same order. */
  pluginFacts(): readonly PluginFacts[];
  /** Runs a command of a plugin. @throws PLUGIN_UNAVAILABLE naming what there is, PLUGIN_FAILED, PLUGIN_CRASHED */
  runCommand(id: string, words: readonly string[]): Promise<unknown>;
  readonly trainings: TrainingRuns;
  readonly onEvent: Event<DaemonEvent>;
  /** What webhooks are still to be told. */
  readonly deliveries: Deliveries;
  /** Many jobs at once, by id or by filter. */
  change(action: JobAction, which: JobSelection): Promise<JobsChange>;
  /**
   * Lets a route of the configuration file use the pair of a run. @returns what was done, for people
   * @throws FILE_NOT_FOUND, CONFIG_INVALID, DOMAIN_NOT_FOUND, USAGE where there is no file
   */
  usePair(run: string, match: string, to: string): Promise<string>;
}
