/**
 * What a plugin's code is to cyclebox and what cyclebox is to it: the module with `activate`, and the context that it is given.
 * A plugin runs in a process of its own, without native code: what has to be computed by a network, `translate` has computed.
 *
 * Pixels are 8-bit sRGB, upright, colour and alpha apart; nothing here waits for anything but promises.
 */
import type { CaptureFacts, Picture } from '../picture/index.js';
import type { RecipeDocument } from './recipe.js';

/** What `main` exports, by name or as its default. */
export interface PluginModule {
  /** Registers what the manifest contributes. Called once in each process, when something of the plugin is first needed. */
  activate(context: PluginContext): void | Promise<void>;
  /** Called before the process ends in order; it has five seconds. */
  deactivate?(): void | Promise<void>;
}

export interface PluginDisposable {
  dispose(): void | Promise<void>;
}

/** What a setting may be; its type is what the manifest declares. */
export type SettingValue = boolean | number | string | readonly string[] | readonly number[];

export type PluginSettings = Readonly<Record<string, SettingValue>>;

/** Frozen, all of it; `subscriptions` takes members. */
export interface PluginContext<Settings extends PluginSettings = PluginSettings> {
  readonly plugin: { readonly name: string; readonly version: string; readonly folder: string };
  /** The version of the plugin API that runs. */
  readonly apiVersion: string;
  /** What `watch-config.json` says under the plugin's name, with the manifest's defaults. A change starts the plugin anew. */
  readonly settings: Settings;
  /** Disposed of in reverse order when the plugin ends. */
  readonly subscriptions: PluginDisposable[];
  /** Small things that the plugin remembers from one process to the next; written before a change resolves. */
  readonly state: PluginMemory;
  /** The same for what others may not read: kept apart, readable by the user only. */
  readonly secrets: PluginSecrets;
  /** A folder of the plugin's own, which is there. */
  readonly storagePath: string;
  /** The file that the plugin's output and its `log` go to. Read it; writing is done by cyclebox. */
  readonly logPath: string;
  readonly log: PluginLog;
  /**
   * Has cyclebox translate a picture, on its own engines.
   * @throws Error naming the pair or model that is not there
   */
  translate(request: TranslateRequest): Promise<Picture>;
  /** Each `id` must be contributed by the manifest. @throws Error for one that is not, or that is registered already */
  registerPreprocessor(id: string, process: Preprocessor): PluginDisposable;
  registerPostprocessor(id: string, process: Postprocessor): PluginDisposable;
  registerRouter(id: string, route: RouteChooser): PluginDisposable;
  registerRecipe(id: string, recipe: RecipeBuilder): PluginDisposable;
  registerMetric(id: string, measure: Metric): PluginDisposable;
  registerCommand(command: string, run: Command): PluginDisposable;
}

export interface PluginMemory {
  /** Undefined for what was never set. Values are JSON. */
  get<T>(key: string): T | undefined;
  keys(): readonly string[];
  /** `undefined` removes it. */
  set(key: string, value: unknown): Promise<void>;
}

export interface PluginSecrets {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface PluginLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface TranslateRequest {
  /** Id of a domain pair, and the domain of it to translate to. */
  readonly pair: string;
  readonly to: string;
  readonly picture: Picture;
  readonly signal?: AbortSignal;
}

/** What is known of the image that a picture is of. */
export interface ProcessRequest {
  /** The job's id, where there is one. */
  readonly job: string;
  /** The image's path relative to the inbox, with forward slashes; its name where there is no inbox. */
  readonly path: string;
  /** Its translation. */
  readonly pair: string;
  readonly to: string;
  /** Aborts when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

export interface PostprocessRequest extends ProcessRequest {
  /** The picture as it was decoded, before any preprocessor and the translation. Read anew at each call. */
  input(): Promise<Picture>;
}

/** Changes a picture before it is translated. Its size may change; the result then has the size of what is returned. */
export type Preprocessor = (picture: Picture, request: ProcessRequest) => Picture | Promise<Picture>;

/** Changes a translated picture before it is encoded. */
export type Postprocessor = (picture: Picture, request: PostprocessRequest) => Picture | Promise<Picture>;

export interface RouteRequest {
  readonly job: string;
  /** Relative to the inbox, with forward slashes. */
  readonly path: string;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly capture: CaptureFacts;
  /** The picture, reduced to at most 256 pixels on its longer side. */
  thumbnail(): Promise<Picture>;
  readonly signal: AbortSignal;
}

/** A translation: the pair's id, and the domain to translate to. */
export interface RouteDecision {
  readonly pair: string;
  readonly to: string;
}

/** Chooses a translation; undefined where the file is none of its business. */
export type RouteChooser = (request: RouteRequest) => RouteDecision | undefined | Promise<RouteDecision | undefined>;

export interface MetricRequest {
  /** The image, and what was made of it. */
  readonly input: Picture;
  readonly output: Picture;
  readonly signal: AbortSignal;
}

/** A figure of one translation, a finite number. An evaluation shows the mean over its images. */
export type Metric = (request: MetricRequest) => number | Promise<number>;

export interface RecipeRequest {
  /** What the training was asked for, by the names of its options, complete; without folders. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

/** What a training step computes, as data. Asked once, before a training begins. */
export type RecipeBuilder = (request: RecipeRequest) => RecipeDocument | Promise<RecipeDocument>;

/** Takes the words that follow it on the command line. What it returns is shown: text as it is, anything else as JSON. */
export type Command = (words: readonly string[], request: { readonly signal: AbortSignal }) => unknown;
