/** What `cyclebox doctor` finds out: plain data, printed as text or as one JSON document. */

import type { Device, EngineChoice, EngineReport, SkippedDevice } from '../engine/index.js';
import type { DirectionHealth } from '../health/index.js';

export interface Complaint {
  readonly about: 'installation' | 'engines' | 'configuration' | 'folders' | 'watching' | 'models';
  /** True where the main job, an inbox whose images are translated, cannot run because of it. */
  readonly blocking: boolean;
  /** One sentence or more. */
  readonly message: string;
  /** The one command that would help, where there is one. */
  readonly remedy?: string | undefined;
}

export interface MachineReport {
  readonly platform: string;
  readonly processor: string;
  readonly threads: number;
  readonly memoryBytes: number;
  /** What programs can still get, caches given back. */
  readonly availableMemoryBytes: number;
}

export interface InstallationReport {
  readonly cyclebox: string;
  readonly node: string;
  /** The packages that cyclebox needs, and the optional ones that are there. */
  readonly packages: Readonly<Record<string, string>>;
}

export interface FolderReport {
  readonly role: 'inbox' | 'outbox' | 'state';
  readonly path: string;
  /** False: it is made when the daemon starts. */
  readonly exists: boolean;
  readonly writable: boolean;
  /** On its disk, for this user; undefined where the system does not say. */
  readonly freeBytes: number | undefined;
}

export interface WatchingReport {
  /** Linux alone has these limits. */
  readonly maxWatches: number | undefined;
  readonly maxInstances: number | undefined;
  /** Folders of the inbox: each needs a watch. */
  readonly folders: number;
  /** False: the inbox is polled, which works and is slower. */
  readonly works: boolean;
}

export interface ModelReport {
  readonly pair: string;
  readonly from: string;
  readonly to: string;
  /** `ready`: there, and what its manifest says; `unlisted`: there, and its manifest names no sum to check. */
  readonly state: 'ready' | 'unlisted' | 'missing' | 'damaged';
  readonly path?: string | undefined;
  readonly sha256?: string | undefined;
  readonly sizeBytes?: number | undefined;
  /** What the self-test found of this version of the model; absent where it was not tested yet. */
  readonly health?: DirectionHealth | undefined;
  readonly problem?: string | undefined;
}

export interface EnginesReport {
  readonly engines: readonly EngineReport[];
  /** What the configuration asks for, `auto` without one. */
  readonly asked: readonly EngineChoice[];
  /** Where images would be translated. */
  readonly chosen: readonly Device[];
  readonly passedOver: readonly SkippedDevice[];
}

export interface Diagnosis extends EnginesReport {
  /** Whether the main job can run: no complaint is blocking. */
  readonly ok: boolean;
  readonly installation: InstallationReport;
  readonly machine: MachineReport;
  /** The file; undefined where there is none, and it was not asked for by name. */
  readonly config: string | undefined;
  readonly folders: readonly FolderReport[];
  readonly watching: WatchingReport | undefined;
  readonly models: readonly ModelReport[];
  readonly complaints: readonly Complaint[];
}
