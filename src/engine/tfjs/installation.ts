/**
 * Finds the TensorFlow.js packages that the user has installed, and loads the best. They are optional: this file imports
 * nothing of them but types. The core is taken from where the backend's own package finds it, so that the two belong
 * together however many cores lie about. What is installed but does not load is named, with what to do about it.
 */
import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CycleboxError, packageRoot, readRegularText } from '../../base/index.js';
import { findAccelerators } from '../accelerators.js';

/** The API that all backends share. */
export type Tensorflow = typeof import('@tensorflow/tfjs-core');

/** From best to worst. */
export const tfjsBackends = ['node-gpu', 'node', 'wasm', 'cpu'] as const;
export type TfjsBackend = (typeof tfjsBackends)[number];

export interface TfjsPackage {
  readonly backend: TfjsBackend;
  /** `@tensorflow/tfjs-node-gpu`. */
  readonly name: string;
  readonly version: string;
  /** Its folder. */
  readonly folder: string;
}

export interface LoadedTfjs {
  readonly package: TfjsPackage;
  readonly tf: Tensorflow;
  /** What TensorFlow.js calls the backend: `tensorflow`, `wasm`, `cpu`. */
  readonly backendName: string;
  /** Whether it computes on a GPU. */
  readonly gpu: boolean;
}

export interface SearchOptions {
  /** Only this backend. */
  readonly backend?: TfjsBackend | undefined;
  /** `node_modules` folders to look in. Default: where Node looks from this package, then from the working folder. */
  readonly searchIn?: readonly string[] | undefined;
}

const packageNames: Readonly<Record<TfjsBackend, string>> = {
  'node-gpu': '@tensorflow/tfjs-node-gpu',
  node: '@tensorflow/tfjs-node',
  wasm: '@tensorflow/tfjs-backend-wasm',
  cpu: '@tensorflow/tfjs-backend-cpu',
};

/** The TensorFlow.js backends installed here, best first. Loads none. */
export async function findTfjs(options: SearchOptions = {}): Promise<readonly TfjsPackage[]> {
  const { searchIn = usualFolders() } = options;
  const wanted = options.backend === undefined ? tfjsBackends : [options.backend];
  const found = await Promise.all(wanted.map(backend => findPackage(backend, searchIn)));
  return found.filter(one => one !== undefined);
}

/**
 * Loads a backend and makes it compute once. One that is installed and broken is not silently replaced by a slower one.
 * @throws ENGINE_UNAVAILABLE with one sentence that says what to do
 */
export async function loadTfjs(options: SearchOptions = {}): Promise<LoadedTfjs> {
  const [best] = await findTfjs(options);
  if (!best) throw unavailable(nothingFound(options.backend));
  try {
    return await load(best);
  } catch (error) {
    throw error instanceof CycleboxError ? error : unavailable(brokenSentence(best, error), error);
  }
}

function usualFolders(): string[] {
  return [packageRoot, process.cwd()].flatMap(
    start => createRequire(join(start, 'package.json')).resolve.paths('@tensorflow') ?? [],
  );
}

async function findPackage(backend: TfjsBackend, searchIn: readonly string[]): Promise<TfjsPackage | undefined> {
  const name = packageNames[backend];
  for (const modules of searchIn) {
    const folder = join(modules, name);
    const version = await versionOf(folder);
    if (version !== undefined) return { backend, name, version, folder };
  }
  return undefined;
}

async function versionOf(folder: string): Promise<string | undefined> {
  try {
    const { version } = JSON.parse(await readRegularText(join(folder, 'package.json'))) as { version?: unknown };
    return String(version ?? 'unknown');
  } catch {
    return undefined;
  }
}

async function load(found: TfjsPackage): Promise<LoadedTfjs> {
  const native = found.backend === 'node-gpu' || found.backend === 'node';
  // Package managers that link folders keep what belongs to a package beside the real one.
  const require = createRequire(join(await realpath(found.folder), 'package.json'));
  const loaded: unknown = require(found.folder);
  const tf = (native ? loaded : require('@tensorflow/tfjs-core')) as Tensorflow;
  const backendName = native ? 'tensorflow' : found.backend;
  tf.enableProdMode();
  if (!(await tf.setBackend(backendName))) throw new Error(`the backend ${backendName} could not be initialized`);
  await computeOnce(tf);
  return { package: found, tf, backendName, gpu: found.backend === 'node-gpu' && seesGpu(tf) };
}

/** Some installs load and fail in their first operation. */
async function computeOnce(tf: Tensorflow): Promise<void> {
  const [sum] = tf.tidy(() => tf.add(tf.tensor1d([1]), tf.tensor1d([2])).dataSync());
  if (sum !== 3) throw new Error(`it computes 1 + 2 = ${sum}`);
}

function seesGpu(tf: Tensorflow): boolean {
  return (tf.backend() as { readonly isUsingGpuDevice?: unknown }).isUsingGpuDevice === true;
}

/** The advice is the fastest backend that the machine's hardware is for. */
export function nothingFound(backend: TfjsBackend | undefined, { nvidia } = findAccelerators()): string {
  const name = packageNames[backend ?? (nvidia > 0 ? 'node-gpu' : 'node')];
  const where = backend === 'wasm' || backend === 'cpu' ? `${name} @tensorflow/tfjs-core` : name;
  const what = backend === undefined ? 'TensorFlow.js' : name;
  return `${what} is not installed. Run: npm install ${where}`;
}

/** The usual ways in which installs of TensorFlow.js are broken, told by what they throw; each ends with a command. */
function brokenSentence({ name, version, folder }: TfjsPackage, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const head = `${name} ${version} in ${dirname(dirname(folder))}`;
  const uninstall = `or remove it. Run: npm uninstall ${name}`;
  const repair = (how: string, command: string) => `${how}, or remove it (npm uninstall ${name}). Run: npm ${command}`;
  if (/isNullOrUndefined|util_1\.\w+\)? is not a function/.test(message)) {
    return `${head} does not run on Node ${process.versions.node}. Use Node 20 or 22, ${uninstall}`;
  }
  const build = `Run: npm rebuild ${name} --build-addon-from-source`;
  if (/NODE_MODULE_VERSION|was compiled against a different Node/.test(message)) {
    return `${head} was built for another version of Node than ${process.versions.node}. ${build}`;
  }
  const what = firstLine(message);
  if (/libcud/.test(message)) return `${head} lacks a library (${what}). Install CUDA 11 and cuDNN 8, ${uninstall}`;
  if (/libtensorflow|cannot open shared object|DLL|image not found|Library not loaded/i.test(message)) {
    const again = repair('Let its install script fetch it again', `rebuild ${name} --foreground-scripts`);
    return `${head} lacks a library (${what}). ${again}`;
  }
  if (/tfjs_binding|native addon|\.node\b/.test(message)) {
    return `${head} has no native addon for this machine. ${build}`;
  }
  const reinstall = repair('Reinstall it', `install ${name}`);
  const missing = /Cannot find module '([^']+)'/.exec(message)?.[1];
  return `${head} ${missing === undefined ? `does not load (${what})` : `lacks ${missing}`}. ${reinstall}`;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!.replace(/[.\s]+$/, '');
}

function unavailable(message: string, cause?: unknown): CycleboxError {
  return new CycleboxError('ENGINE_UNAVAILABLE', message, cause === undefined ? {} : { cause });
}
