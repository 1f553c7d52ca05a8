/** PyTorch beside us, where a Python with torch is installed: the same step, and its own export of the generator. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('peer.py', import.meta.url));
const python = process.env.PYTHON ?? 'python3';

/** Milliseconds per step in PyTorch. @param {{ size: number, width: number, blocks: number, steps: number }} options */
export function peerStep({ size, width, blocks, steps }) {
  return JSON.parse(run(['step', size, width, blocks, steps]));
}

/** The file that PyTorch writes. @param {{ width: number, blocks: number, size: number }} options */
export function peerExport({ width, blocks, size }) {
  const folder = mkdtempSync(join(tmpdir(), 'cyclebox-bench-'));
  try {
    const file = join(folder, 'generator.onnx');
    run(['export', file, width, blocks, size]);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {readonly (string | number)[]} args */
function run(args) {
  const options = /** @type {const} */ ({ encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return execFileSync(python, [script, ...args.map(String)], options);
}
