/**
 * `node bench/profile.mjs [--engine webgpu] [--size 64 --width 32 --blocks 6] [--steps 3]` after `npm run build`: what
 * ONNX Runtime runs in a training step, and where. Which operations take the time on the device; what crosses between it
 * and the CPU (`Memcpy…`), and what the CPU has to compute for want of a kernel there: neither should be.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openOnnxEngine } from '../dist/engine/onnx/index.js';
import { compileStep } from './training.mjs';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'webgpu' },
    size: { type: 'string', default: '64' },
    width: { type: 'string', default: '32' },
    blocks: { type: 'string', default: '6' },
    steps: { type: 'string', default: '3' },
  },
});
const provider = /** @type {import('../dist/engine/onnx/index.js').OnnxProvider} */ (values.engine);
const size = { size: Number(values.size), width: Number(values.width), blocks: Number(values.blocks) };
const steps = Number(values.steps);

const folder = mkdtempSync(join(tmpdir(), 'cyclebox-profile-'));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  const engine = await openOnnxEngine({ provider, diagnostics: { profilePrefix: join(folder, 'profile') } });
  const stepper = await compileStep(engine, size);
  const times = [];
  for (let step = 0; step < steps; step++) times.push(await stepper.step());
  await stepper.dispose();
  await engine.dispose();

  const nodes = profiled();
  const elsewhere = nodes.filter(({ args }) => provider !== 'cpu' && args.provider === 'CPUExecutionProvider');
  const crossing = nodes.filter(({ args }) => args.op_name.startsWith('Memcpy'));
  console.log(`${engine.device.name}; ${size.size}², width ${size.width}, ${size.blocks} blocks, batch 1`);
  console.log(`compiled in ${stepper.compileMs.toFixed(0)} ms`);
  for (const [step, { generatorMs, discriminatorMs }] of times.entries()) {
    console.log(
      `step ${step + 1}: generators ${generatorMs.toFixed(0)} ms, discriminators ${discriminatorMs.toFixed(0)} ms`,
    );
  }
  console.log(
    `${nodes.length / steps} nodes a step, ${elsewhere.length / steps} of them on the CPU for want of a kernel`,
  );
  console.log(`${crossing.length / steps} copies between CPU and device a step, inside the graphs`);
  console.table(byOperation(nodes));
}

/** Every node that ran, of all sessions. */
function profiled() {
  return readdirSync(folder)
    .flatMap(file => JSON.parse(readFileSync(join(folder, file), 'utf8')))
    .filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
}

/**
 * On a device the time is that of handing the work over, unless the driver waits.
 * @param {readonly { dur: number, args: { op_name: string, provider: string } }[]} nodes
 */
function byOperation(nodes) {
  return Object.fromEntries(
    [...grouped(nodes)]
      .map(([name, own]) => [
        name,
        {
          perStep: own.length / steps,
          msPerStep: Math.round(own.reduce((sum, { dur }) => sum + dur, 0) / steps) / 1000,
        },
      ])
      .sort(([, a], [, b]) => b.msPerStep - a.msPerStep),
  );
}

/** @param {readonly { args: { op_name: string, provider: string } }[]} nodes */
function grouped(nodes) {
  const groups = new Map();
  for (const node of nodes) {
    const key = `${node.args.op_name}, ${node.args.provider}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(node);
  }
  return groups;
}
