/**
 * What the host and a plugin's process say to each other. Small JSON only: a picture is the path of a raw-pixel file in the
 * plugin's scratch folder (`picture/picture-file.ts`). Neither side believes the other without looking.
 */
import type { CaptureFacts, PluginSettings, RouteDecision } from '../../plugin-api/index.js';
import type { ProtocolName } from '../../process/index.js';

export const pluginProtocol: ProtocolName = { name: 'plugin', version: 1 };

/** Kinds of things that code is registered for. */
export const handlerKinds = ['preprocessor', 'postprocessor', 'router', 'recipe', 'metric', 'command'] as const;
export type HandlerKind = (typeof handlerKinds)[number];

/** The ids that a plugin contributes, by kind. */
export type ContributedIds = Readonly<Record<HandlerKind, readonly string[]>>;

export interface PluginStart {
  readonly name: string;
  readonly version: string;
  /** Absolute, without links. */
  readonly folder: string;
  /** The module with `activate`, absolute. */
  readonly main: string;
  readonly settings: PluginSettings;
  readonly state: Readonly<Record<string, unknown>>;
  readonly storagePath: string;
  readonly logPath: string;
  /** Where pictures are handed over. */
  readonly scratchPath: string;
  readonly contributes: ContributedIds;
}

/** How long the phases of an activation took. */
export interface ActivationReport {
  readonly loadMs: number;
  readonly activateMs: number;
}

export interface PluginUsage {
  /** The most memory that the process has held. */
  readonly peakBytes: number;
}

export interface JobFacts {
  readonly job: string;
  readonly path: string;
  readonly pair: string;
  readonly to: string;
}

/** What the host asks of a plugin. */
export interface PluginCalls {
  /** Loads the module and activates it. */
  activate(start: PluginStart): ActivationReport;
  /** Takes the picture at `picture` and leaves another at `result`. */
  preprocess(request: {
    readonly id: string;
    readonly about: JobFacts;
    readonly picture: string;
    readonly result: string;
  }): void;
  postprocess(request: {
    readonly id: string;
    readonly about: JobFacts;
    readonly picture: string;
    readonly input: string;
    readonly result: string;
  }): void;
  /** Null: the router has no opinion. */
  route(request: {
    readonly id: string;
    readonly job: string;
    readonly path: string;
    readonly width: number;
    readonly height: number;
    readonly format: string;
    readonly capture: CaptureFacts;
    readonly thumbnail: string;
  }): RouteDecision | null;
  measure(request: { readonly id: string; readonly input: string; readonly output: string }): number;
  recipe(request: { readonly id: string; readonly settings: Readonly<Record<string, unknown>> }): unknown;
  command(request: { readonly id: string; readonly words: readonly string[] }): unknown;
  usage(request: null): PluginUsage;
  /** Runs `deactivate` and disposes of subscriptions. */
  deactivate(request: null): void;
}

export type PluginCallName = keyof PluginCalls;

/** What a plugin asks of its host. */
export interface HostCalls {
  log(line: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string }): void;
  /** `value` absent: removed. */
  setState(change: { readonly key: string; readonly value?: unknown }): void;
  getSecret(request: { readonly key: string }): string | null;
  /** `value` null: removed. */
  setSecret(request: { readonly key: string; readonly value: string | null }): void;
  translate(request: {
    readonly pair: string;
    readonly to: string;
    readonly picture: string;
    readonly result: string;
  }): void;
}
