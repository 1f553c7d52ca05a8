/**
 * A plugin's side of the protocol: loads the module, activates it, and answers calls with what it has registered. It runs in the
 * plugin's own process, or beside its tests; nothing here knows which. What a plugin returns is looked at before it goes out.
 */
import { pathToFileURL } from 'node:url';
import { CycleboxError } from '../../base/index.js';
import { type Picture, readPicture, writePicture } from '../../picture/index.js';
import type { PluginContext, PluginModule, ProcessRequest, RouteDecision } from '../../plugin-api/index.js';
import type { CallContext, Handlers, ParamsOf } from '../../process/index.js';
import { HandlerTable } from './handler-table.js';
import { createContext, type Host } from './plugin-context.js';
import type { ActivationReport, PluginCalls, PluginStart } from './plugin-protocol.js';

/** How the module is had; tests bring one that is loaded already. */
export type LoadModule = (main: string) => Promise<unknown>;

const importModule: LoadModule = main => import(pathToFileURL(main).href);

interface Active {
  readonly module: PluginModule;
  readonly context: PluginContext;
  readonly table: HandlerTable;
}

export class PluginService {
  readonly #host: Host;
  readonly #load: LoadModule;
  #active: Active | undefined;

  constructor(host: Host, load: LoadModule = importModule) {
    this.#host = host;
    this.#load = load;
  }

  handlers(): Handlers<PluginCalls> {
    return {
      activate: start => this.#activate(start),
      preprocess: ({ id, about, picture, result }, { signal }) =>
        this.#process(picture, result, input => this.#table.get('preprocessor', id)(input, { ...about, signal })),
      postprocess: (request, context) => this.#postprocess(request, context),
      route: (request, context) => this.#route(request, context),
      measure: (request, context) => this.#measure(request, context),
      recipe: async ({ id, settings }, { signal }) => this.#table.get('recipe', id)({ settings, signal }),
      command: async ({ id, words }, { signal }) => this.#table.get('command', id)(words, { signal }),
      usage: () => ({ peakBytes: process.resourceUsage().maxRSS * 1024 }),
      deactivate: () => this.#deactivate(),
    };
  }

  async #activate(start: PluginStart): Promise<ActivationReport> {
    const startMs = performance.now();
    const module = pluginModuleOf(await this.#load(start.main));
    const loadedMs = performance.now();
    const table = new HandlerTable(start.contributes);
    const context = createContext(start, table, this.#host);
    this.#active = { module, context, table };
    await module.activate(context);
    table.requireAll();
    return { loadMs: loadedMs - startMs, activateMs: performance.now() - loadedMs };
  }

  get #table(): HandlerTable {
    if (this.#active) return this.#active.table;
    throw new CycleboxError('PROTOCOL', 'the plugin is called before it is activated');
  }

  #postprocess(
    { id, about, picture, input, result }: ParamsOf<PluginCalls, 'postprocess'>,
    { signal }: CallContext,
  ): Promise<void> {
    const request: ProcessRequest = { ...about, signal };
    const handler = this.#table.get('postprocessor', id);
    return this.#process(picture, result, output => handler(output, { ...request, input: () => readPicture(input) }));
  }

  async #process(source: string, result: string, change: (picture: Picture) => unknown): Promise<void> {
    const picture = await readPicture(source);
    await writePicture(result, pictureFrom(await change(picture), picture));
  }

  async #route(request: ParamsOf<PluginCalls, 'route'>, { signal }: CallContext): Promise<RouteDecision | null> {
    const { id, thumbnail, ...facts } = request;
    const chosen = await this.#table.get('router', id)({ ...facts, signal, thumbnail: () => readPicture(thumbnail) });
    return chosen ?? null;
  }

  async #measure({ id, input, output }: ParamsOf<PluginCalls, 'measure'>, { signal }: CallContext): Promise<number> {
    const pictures = { input: await readPicture(input), output: await readPicture(output) };
    const value = await this.#table.get('metric', id)({ ...pictures, signal });
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new CycleboxError('PLUGIN_FAILED', `measured ${String(value)} as ${id}; a finite number is expected`);
  }

  /** What throws does not keep the others from being disposed of; the first fault is told. */
  async #deactivate(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    if (!active) return;
    const faults: unknown[] = [];
    const attempt = async (end: () => unknown) => {
      try {
        await end();
      } catch (error) {
        faults.push(error);
      }
    };
    await attempt(() => active.module.deactivate?.());
    for (const subscription of active.context.subscriptions.splice(0).reverse())
      await attempt(() => subscription.dispose());
    if (faults.length > 0) throw faults[0];
  }
}

/** ECMAScript modules export by name or by default; CommonJS ones arrive as the default. */
function pluginModuleOf(loaded: unknown): PluginModule {
  const { default: byDefault, ...byName } = loaded as { readonly default?: unknown };
  for (const candidate of [byName, byDefault]) {
    if (typeof (candidate as Partial<PluginModule> | undefined)?.activate === 'function')
      return candidate as PluginModule;
  }
  throw new CycleboxError('PLUGIN_FAILED', 'exports no function "activate"');
}

/** @throws PLUGIN_FAILED for what is no picture, with what is wrong */
function pictureFrom(value: unknown, { format }: Picture): Picture {
  const { width, height, rgb, alpha } = (value ?? {}) as Partial<Picture>;
  const isSide = (side: unknown): side is number => Number.isInteger(side) && (side as number) > 0;
  if (!isSide(width) || !isSide(height)) throw noPicture(`width ${String(width)} and height ${String(height)}`);
  requireBytes('rgb', rgb, width * height * 3);
  if (alpha !== undefined) requireBytes('alpha', alpha, width * height);
  return { width, height, rgb: rgb as Uint8Array, ...(alpha && { alpha }), format };
}

function requireBytes(name: string, bytes: unknown, length: number): void {
  if (bytes instanceof Uint8Array && bytes.length === length) return;
  const found = bytes instanceof Uint8Array ? `${bytes.length} bytes` : typeof bytes;
  throw noPicture(`${found} in "${name}", where ${length} bytes (Uint8Array) are expected`);
}

function noPicture(what: string): CycleboxError {
  return new CycleboxError('PLUGIN_FAILED', `returned no picture: it has ${what}`);
}
