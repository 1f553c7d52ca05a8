/**
 * A host for the tests of plugin authors, published as `cyclebox/plugin/testing`: the plugin's code runs beside its test, over the
 * same messages as in a process of its own and with the same checks, but without permissions, time limits and restarts.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CycleboxError, newJobId } from '../../base/index.js';
import { type CaptureFacts, type Picture, readPicture, writePicture } from '../../picture/index.js';
import type {
  PluginModule,
  PluginSettings,
  RecipeDocument,
  RouteDecision,
  SettingValue,
} from '../../plugin-api/index.js';
import { type CallOptions, Channel, memoryLinks } from '../../process/index.js';
import { parseRecipe } from '../points/index.js';
import { hostCalls, PluginStore, specOf } from '../process/index.js';
import { findPlugin, settingsOf } from '../registry/index.js';
import { type HostCalls, type PluginCalls, PluginService, scratchFile, withoutFiles } from '../runtime/index.js';

export interface PluginTestOptions {
  /** The plugin's folder, with its `package.json`. */
  readonly folder: string;
  /** Its code; default: what `main` names. */
  readonly module?: PluginModule | undefined;
  /** What a user would write; the manifest's defaults hold for the rest. */
  readonly settings?: Readonly<Record<string, SettingValue>> | undefined;
  /** What `context.translate` gives. Default: the picture as it is. */
  readonly translate?: ((picture: Picture, pair: string, to: string) => Picture | Promise<Picture>) | undefined;
}

/** Of the image that a picture is of; each has a default. */
export interface TestImage {
  readonly path?: string | undefined;
  readonly pair?: string | undefined;
  readonly to?: string | undefined;
  /** For postprocessors: what was decoded. Default: the picture itself. */
  readonly input?: Picture | undefined;
}

export interface PluginTestHost {
  preprocess(id: string, picture: Picture, image?: TestImage): Promise<Picture>;
  postprocess(id: string, picture: Picture, image?: TestImage): Promise<Picture>;
  route(
    id: string,
    picture: Picture,
    about?: { readonly path?: string; readonly capture?: CaptureFacts },
  ): Promise<RouteDecision | undefined>;
  measure(id: string, input: Picture, output: Picture): Promise<number>;
  /** @throws PLUGIN_FAILED for what is no recipe, with what is wrong */
  recipe(id: string, settings?: Readonly<Record<string, unknown>>): Promise<RecipeDocument>;
  run(command: string, ...words: readonly string[]): Promise<unknown>;
  /** What the plugin has logged: `warn: …`. */
  readonly log: readonly string[];
  /** Deactivates it, and removes what it kept. */
  dispose(): Promise<void>;
}

/** Activates a plugin. @throws PLUGIN_INVALID, PLUGIN_FAILED, or what `activate` throws */
export async function openPlugin(options: PluginTestOptions): Promise<PluginTestHost> {
  const root = await mkdtemp(join(tmpdir(), 'cyclebox-plugin-test-'));
  const host = new TestHost(root, options);
  try {
    await host.activate(options);
    return host;
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }
}

/** A picture of one colour, for a beginning. */
export function flatPicture(
  width: number,
  height: number,
  [red, green, blue]: readonly [number, number, number],
): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < rgb.length; at += 3) rgb.set([red, green, blue], at);
  return { width, height, rgb, format: 'png' };
}

class TestHost implements PluginTestHost {
  readonly log: string[] = [];
  readonly #root: string;
  readonly #scratch: string;
  readonly #channel: Channel<PluginCalls, HostCalls>;

  constructor(root: string, { module, translate = picture => picture }: PluginTestOptions) {
    this.#root = root;
    this.#scratch = join(root, 'scratch');
    const [near, far] = memoryLinks();
    const handlers = hostCalls({
      store: new PluginStore(join(root, 'state.json')),
      secrets: new PluginStore(join(root, 'secrets.json')),
      scratch: this.#scratch,
      translate: async ({ pair, to, picture, result }) =>
        writePicture(result, await translate(await readPicture(picture), pair, to)),
      log: ({ level, message }) => void this.log.push(`${level}: ${message}`),
    });
    this.#channel = new Channel({ send: message => near.send(message), handlers, peer: 'plugin' });
    near.onMessage(message => this.#channel.receive(message));
    const plugin: Channel<HostCalls, PluginCalls> = new Channel({
      send: message => far.send(message),
      handlers: new PluginService(
        { call: (...call) => plugin.call(...call) },
        module && (async () => module),
      ).handlers(),
      peer: 'host',
    });
    far.onMessage(message => plugin.receive(message));
  }

  async activate({ folder, settings = {} }: PluginTestOptions): Promise<void> {
    const found = await findPlugin(folder, 'folder');
    if (found.problem) throw found.problem;
    const { plugin } = found;
    if (plugin.main === undefined) throw new CycleboxError('PLUGIN_INVALID', `${plugin.name} has no code ("main").`);
    const complete = settingsOf(plugin.manifest, { [plugin.name]: settings }) as PluginSettings;
    const { name, version, main, contributes } = specOf(plugin, complete);
    const storagePath = join(this.#root, 'storage');
    for (const path of [storagePath, this.#scratch]) await mkdir(path);
    const places = { storagePath, scratchPath: this.#scratch, logPath: join(this.#root, 'plugin.log') };
    await this.#call('activate', {
      name,
      version,
      folder,
      main,
      contributes,
      settings: complete,
      state: {},
      ...places,
    });
  }

  preprocess(id: string, picture: Picture, image: TestImage = {}): Promise<Picture> {
    return this.#exchanged(picture, (source, result) =>
      this.#call('preprocess', { id, about: aboutOf(image), picture: source, result }),
    );
  }

  postprocess(id: string, picture: Picture, image: TestImage = {}): Promise<Picture> {
    return this.#laidDown(image.input ?? picture, input =>
      this.#exchanged(picture, (source, result) =>
        this.#call('postprocess', { id, about: aboutOf(image), picture: source, input, result }),
      ),
    );
  }

  async route(
    id: string,
    picture: Picture,
    { path = 'image.png', capture = {} }: { readonly path?: string; readonly capture?: CaptureFacts } = {},
  ): Promise<RouteDecision | undefined> {
    const { width, height, format } = picture;
    const facts = { id, job: newJobId(), path, width, height, format, capture };
    return (await this.#laidDown(picture, thumbnail => this.#call('route', { ...facts, thumbnail }))) ?? undefined;
  }

  measure(id: string, input: Picture, output: Picture): Promise<number> {
    return this.#laidDown(input, before =>
      this.#laidDown(output, after => this.#call('measure', { id, input: before, output: after })),
    );
  }

  async recipe(id: string, settings: Readonly<Record<string, unknown>> = {}): Promise<RecipeDocument> {
    const returned = await this.#call('recipe', { id, settings });
    try {
      return parseRecipe(returned);
    } catch (error) {
      throw new CycleboxError('PLUGIN_FAILED', `returned no recipe as "${id}": ${(error as Error).message}`);
    }
  }

  run(command: string, ...words: readonly string[]): Promise<unknown> {
    return this.#call('command', { id: command, words });
  }

  async dispose(): Promise<void> {
    try {
      await this.#call('deactivate', null);
    } finally {
      this.#channel.close(new CycleboxError('CANCELLED', 'the test is over'));
      await rm(this.#root, { recursive: true, force: true });
    }
  }

  #call: Channel<PluginCalls, HostCalls>['call'] = (method, params, options?: CallOptions) =>
    this.#channel.call(method, params, options);

  async #exchanged(picture: Picture, work: (source: string, result: string) => Promise<void>): Promise<Picture> {
    const result = scratchFile(this.#scratch);
    return await this.#laidDown(picture, source =>
      withoutFiles([result], async () => {
        await work(source, result);
        return await readPicture(result);
      }),
    );
  }

  #laidDown<T>(picture: Picture, work: (path: string) => Promise<T>): Promise<T> {
    const path = scratchFile(this.#scratch);
    return withoutFiles([path], async () => {
      await writePicture(path, picture);
      return await work(path);
    });
  }
}

function aboutOf({ path = 'image.png', pair = 'horse-zebra', to = 'zebra' }: TestImage) {
  return { job: newJobId(), path, pair, to };
}
