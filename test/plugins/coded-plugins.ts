/**
 * Plugins with code, written into folders of their own and run as a daemon runs them: real processes, real files. Only the waits
 * are shorter than a daemon's.
 */
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Picture } from '../../src/image/index.js';
import { readPicture, writePicture } from '../../src/picture/index.js';
import {
  CodedPlugin,
  type CodedPluginOptions,
  type CodedPluginSpec,
  type PluginEvent,
  type PluginLimits,
  pluginLimits,
} from '../../src/plugin-host/index.js';
import { temporaryFolder } from '../support/pictures.js';

export const shortLimits: PluginLimits = {
  ...pluginLimits,
  heartbeatMs: 50,
  unresponsiveAfterMs: 500,
  endAfterMs: 200,
  callMs: { ...pluginLimits.callMs, deactivate: 500 },
};

export const shortPauses = { pausesMs: [1, 1, 1], crashes: 3, windowMs: 300_000 };

export interface PluginSource {
  /** The text of `index.js`, or of what lies in the folder, by name. */
  readonly code: string | Readonly<Record<string, string>>;
  readonly contributes?: Partial<CodedPluginSpec['contributes']>;
  readonly permissions?: CodedPluginSpec['permissions'];
  readonly settings?: CodedPluginSpec['settings'];
  readonly activationEvents?: readonly string[];
  readonly name?: string;
}

/** A plugin folder; its `index.js` is an ECMAScript module. */
export async function writePlugin({ code, name = 'under-test', ...rest }: PluginSource): Promise<CodedPluginSpec> {
  const folder = await realpath(await temporaryFolder());
  const files = typeof code === 'string' ? { 'index.js': code } : code;
  const manifest = JSON.stringify({ name, version: '1.2.3', type: 'module' });
  for (const [path, text] of Object.entries({ 'package.json': manifest, ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const none = { preprocessor: [], postprocessor: [], router: [], recipe: [], metric: [], command: [] };
  return {
    name,
    version: '1.2.3',
    folder,
    main: join(folder, 'index.js'),
    permissions: rest.permissions ?? {},
    settings: rest.settings ?? {},
    contributes: { ...none, ...rest.contributes },
    activationEvents: rest.activationEvents ?? [],
    fingerprint: '',
  };
}

export interface OpenedPlugin {
  readonly plugin: CodedPlugin;
  readonly events: PluginEvent[];
  /** Runs its command `go`. */
  readonly go: (...words: string[]) => Promise<unknown>;
  /** Has its postprocessor `p` change a picture. */
  readonly change: (picture: Picture, signal?: AbortSignal) => Promise<Picture>;
  /** Resolves with the next event of the kind that `is` wants, or with one that was heard already. */
  readonly heard: (is: (event: PluginEvent) => boolean) => Promise<PluginEvent>;
}

export async function openPlugin(source: PluginSource, more: Partial<CodedPluginOptions> = {}): Promise<OpenedPlugin> {
  const spec = await writePlugin(source);
  const plugin = new CodedPlugin({
    spec,
    stateFolder: await realpath(await temporaryFolder()),
    translate: async () => {
      throw new Error('nothing is translated here');
    },
    limits: shortLimits,
    crashes: shortPauses,
    ...more,
  });
  const events: PluginEvent[] = [];
  const waiting = new Set<(event: PluginEvent) => void>();
  plugin.onEvent(event => {
    events.push(event);
    for (const one of [...waiting]) one(event);
  });
  const heard = (is: (event: PluginEvent) => boolean) => {
    const before = events.find(is);
    if (before) return Promise.resolve(before);
    return new Promise<PluginEvent>(resolve => {
      const listener = (event: PluginEvent) => {
        if (!is(event)) return;
        waiting.delete(listener);
        resolve(event);
      };
      waiting.add(listener);
    });
  };
  const go = (...words: string[]) =>
    plugin.call('command', { id: 'go', words }, { event: 'onCommand:go', doing: 'failed at the command "go"' });
  return { plugin, events, go, change: (picture, signal) => changed(plugin, picture, signal), heard };
}

let files = 0;

async function changed(plugin: CodedPlugin, picture: Picture, signal?: AbortSignal): Promise<Picture> {
  const { scratch } = plugin.places;
  const [source, result] = [join(scratch, `source-${++files}.pixels`), join(scratch, `result-${files}.pixels`)];
  await plugin.activate('onTranslate:p', signal);
  await writePicture(source, picture);
  const about = { job: 'j1', path: 'a.png', pair: 'horse-zebra', to: 'zebra' };
  const request = { id: 'p', about, picture: source, input: source, result };
  await plugin.call('postprocess', request, { event: 'onTranslate:p', doing: 'failed as postprocessor "p"', signal });
  return await readPicture(result);
}

export function grey(width = 4, height = 3, value = 100): Picture {
  return { width, height, rgb: new Uint8Array(width * height * 3).fill(value), format: 'png' };
}
