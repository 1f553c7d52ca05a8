/**
 * PyTorch beside us, where a Python with torch is installed (PYTHON names it): the same step, and its own export of the
 * generator. Where there is none, it says so and its figures are missing.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('peer.py', import.meta.url));
const python = process.env.PYTHON ?? 'python3';

/** Milliseconds per step in PyTorch. @param {{ size: number, width: number, blocks: number, steps: number }} options */
export function peerStep({ size, width, blocks, steps }) {
  const text = run(['step', size, width, blocks, steps]);
  return text === undefined ? undefined : JSON.parse(text).stepMs;
}

/** The file that PyTorch writes. @param {{ width: number, blocks: number, size: number }} options */
export function peerExport({ width, blocks, size }) {
  const folder = mkdtempSync(join(tmpdir(), 'cyclebox-bench-'));
  try {
    const file = join(folder, 'generator.onnx');
    const text = run(['export', file, width, blocks, size]);
    return text === undefined ? undefined : readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {readonly (string | number)[]} args @returns {string | undefined} */
function run(args) {
  try {
    return execFileSync(python, [script, ...args.map(String)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    console.log(`No figures of PyTorch: ${python} could not run ${script} (${error.message}).`);
    return undefined;
  }
}
