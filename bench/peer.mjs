/**
 * PyTorch beside us: the same training step, taken in turns with ours, and its own export of the generator. It lives in a
 * virtual environment of its own, `bench/.venv`, made on first use; PYTHON names another Python that has torch. Nothing but
 * the benchmarks needs it: where it is not to be had, a line says so and its figures are missing.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** @typedef {{ readonly python: string, readonly version: string }} Peer */
/** @typedef {Peer & { readonly versions: Readonly<Record<string, string>> }} Runtimes what can translate, by its Python name */

const script = fileURLToPath(new URL('peer.py', import.meta.url));
const translating = fileURLToPath(new URL('peer_translate.py', import.meta.url));
const environment = fileURLToPath(new URL('.venv', import.meta.url));
const ownPython = join(environment, ...(platform() === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));

/** A Python with torch; made if need be. @returns {Peer | undefined} */
export function findPeer() {
  try {
    const python = process.env.PYTHON ?? ownPython;
    if (!process.env.PYTHON && versionIn(python) === undefined) makeEnvironment();
    return { python, version: versionIn(python) ?? missing(`${python} cannot import torch`) };
  } catch (error) {
    console.log(`No figures of PyTorch: ${reasonOf(error)}.`);
    return undefined;
  }
}

/** PyTorch and whatever else translates there; those that are missing are installed if need be. @returns {Runtimes | undefined} */
export function findRuntimes() {
  const peer = findPeer();
  if (!peer) return undefined;
  const wanted = ['onnxruntime', 'openvino', 'PIL'];
  const missingOnes = wanted.filter(name => versionIn(peer.python, name) === undefined);
  if (missingOnes.length > 0 && !process.env.PYTHON) {
    const packages = missingOnes.map(name => (name === 'PIL' ? 'pillow' : name));
    try {
      quietly(peer.python, ['-m', 'pip', 'install', '--quiet', '--no-cache-dir', ...packages]);
    } catch (error) {
      console.log(`Without ${packages}: ${reasonOf(error)}.`);
    }
  }
  const found = ['onnxruntime', 'openvino'].map(name => [name, versionIn(peer.python, name)]);
  return { ...peer, versions: { torch: peer.version, ...Object.fromEntries(found.filter(([, version]) => version)) } };
}

/** The version of a package, if it is there. @param {string} python */
function versionIn(python, name = 'torch') {
  try {
    return quietly(python, ['-W', 'ignore', '-c', `import ${name}; print(${name}.__version__)`]).trim();
  } catch {
    return undefined;
  }
}

function makeEnvironment() {
  console.log(`PyTorch is installed into ${environment}, once. On Linux that is 2.5 GB to fetch and 5 GB on disk.`);
  if (!existsSync(ownPython)) quietly('python3', ['-m', 'venv', environment]);
  quietly(ownPython, ['-m', 'pip', 'install', '--quiet', '--no-cache-dir', 'torch', 'numpy', 'onnx']);
}

/**
 * The file that PyTorch writes, for one size.
 * @param {Peer} peer
 * @param {{ width: number, blocks: number, size: number | string }} options `size`: of a square, or such as `512x384`
 */
export function peerExport({ python }, { width, blocks, size }) {
  const folder = mkdtempSync(join(tmpdir(), 'cyclebox-bench-'));
  try {
    const file = join(folder, 'generator.onnx');
    quietly(python, [script, 'export', file, ...[width, blocks, size].map(String)]);
    return readFileSync(file);
  } catch (error) {
    console.log(`No export of PyTorch: ${reasonOf(error)}.`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A process that holds the network in another runtime and runs it once when it is asked to.
 * @param {Peer} peer
 * @param {{ runtime: string, model: string, size: string, threads: number }} options
 */
export function openPeerTurns({ python }, { runtime, model, size, threads }) {
  const { ask, dispose } = openAsked(python, [translating, 'turns', runtime, model, size, String(threads)]);
  return {
    /** @returns {Promise<{ wallMs: number, cpuMs: number }>} by its own clocks; NaN when the process has ended */
    async turn() {
      const [wallMs, cpuMs] = ((await ask()) ?? 'NaN NaN').split(' ').map(Number);
      return { wallMs, cpuMs };
    },
    dispose,
  };
}

/**
 * The command that takes every image of a folder through, in one process.
 * @param {Peer} peer
 * @param {{ runtime: string, model: string, size: string, threads: number }} options
 * @param {{ from: string, to: string }} folders
 * @returns {[command: string, args: string[]]}
 */
export function peerFolderCommand({ python }, { runtime, model, size, threads }, { from, to }) {
  return [python, ['-W', 'ignore', translating, 'folder', runtime, model, size, String(threads), from, to]];
}

/**
 * A process that holds the networks and takes one step when it is asked to.
 * @param {Peer} peer
 * @param {{ size: number, width: number, blocks: number, threads: number }} options
 */
export function openPeerStepper({ python }, { size, width, blocks, threads }) {
  const { ask, dispose } = openAsked(python, [script, 'steps', ...[size, width, blocks, threads].map(String)]);
  return {
    /** Milliseconds of one step, by its own clock; NaN when the process has ended. @returns {Promise<number>} */
    async step() {
      const answer = await ask();
      return answer === undefined ? Number.NaN : JSON.parse(answer).stepMs;
    },
    dispose,
  };
}

/** A process that answers each line with a line. @param {string} python @param {string[]} args */
function openAsked(python, args) {
  const child = spawn(python, ['-W', 'ignore', ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise(resolve => child.once('close', resolve).once('error', resolve));
  child.stdin.on('error', () => {}); // It has ended: the missing answer says so.
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** Undefined when the process has ended. @returns {Promise<string | undefined>} */
    async ask() {
      child.stdin.write('\n');
      const { done, value } = await answers.next();
      return done ? undefined : value;
    },
    async dispose() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Standard output; what goes to standard error is told only when it fails. @param {string} command @param {string[]} args */
function quietly(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** @param {string} what @returns {never} */
function missing(what) {
  throw new Error(what);
}

/** The last line that the program said, or that it is not there. @param {any} error */
function reasonOf(error) {
  if (error.code === 'ENOENT') return `there is no ${error.path}`;
  return String(error.stderr || error.message)
    .trim()
    .split('\n')
    .at(-1);
}
