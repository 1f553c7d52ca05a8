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

const script = fileURLToPath(new URL('peer.py', import.meta.url));
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

/** The version of torch, if there is one. @param {string} python */
function versionIn(python) {
  try {
    return quietly(python, ['-W', 'ignore', '-c', 'import torch; print(torch.__version__)']).trim();
  } catch {
    return undefined;
  }
}

function makeEnvironment() {
  console.log(`PyTorch is installed into ${environment}, once. On Linux that is 2.5 GB to fetch and 5 GB on disk.`);
  if (!existsSync(ownPython)) quietly('python3', ['-m', 'venv', environment]);
  quietly(ownPython, ['-m', 'pip', 'install', '--quiet', '--no-cache-dir', 'torch', 'numpy', 'onnx']);
}

/** The file that PyTorch writes. @param {Peer} peer @param {{ width: number, blocks: number, size: number }} options */
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
 * A process that holds the networks and takes one step when it is asked to.
 * @param {Peer} peer
 * @param {{ size: number, width: number, blocks: number, threads: number }} options
 */
export function openPeerStepper({ python }, { size, width, blocks, threads }) {
  const child = spawn(python, [script, 'steps', ...[size, width, blocks, threads].map(String)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise(resolve => child.once('close', resolve).once('error', resolve));
  child.stdin.on('error', () => {}); // It has ended: the missing answer says so.
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** Milliseconds of one step, by its own clock; NaN when the process has ended. @returns {Promise<number>} */
    async step() {
      child.stdin.write('step\n');
      const { done, value } = await answers.next();
      return done ? Number.NaN : JSON.parse(value).stepMs;
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
