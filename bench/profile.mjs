/**
 * `node bench/profile.mjs [--engine webgpu] [--size 64 --width 32 --blocks 6] [--steps 3]` after `npm run build`: what
 * ONNX Runtime runs in a training step, and where; with `--model FILE.onnx --size 256`, in an image. Which operations take the
 * time, by the device's own clock where it has one; what crosses between it and the CPU (`Memcpy…`), and what the CPU has to compute
 * for want of a kernel there: neither should be.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openOnnxEngine } from '../dist/engine/onnx/index.js';
import { noise, timed } from './measure.mjs';
import { compileStep } from './training.mjs';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'webgpu' },
    size: { type: 'string', default: '64' },
    width: { type: 'string', default: '32' },
    blocks: { type: 'string', default: '6' },
    steps: { type: 'string', default: '3' },
    model: { type: 'string' },
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
  const what = await (values.model === undefined ? takeSteps(engine) : translate(engine, values.model));
  await engine.dispose();

  const events = recorded();
  const nodes = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
  const kernels = events.filter(({ cat }) => cat === 'Api');
  const elsewhere = nodes.filter(({ args }) => provider !== 'cpu' && args.provider === 'CPUExecutionProvider');
  const crossing = nodes.filter(({ args }) => args.op_name.startsWith('Memcpy'));
  console.log(`${engine.device.name}; ${what}`);
  console.log(
    `${nodes.length / steps} nodes a time, ${elsewhere.length / steps} of them on the CPU for want of a kernel`,
  );
  console.log(`${crossing.length / steps} copies between CPU and device a time, inside the graphs`);
  console.table(byOperation(nodes.map(({ dur, args }) => ({ dur, what: `${args.op_name}, ${args.provider}` }))));
  if (kernels.length === 0) return;
  const ownMs = kernels.reduce((sum, { dur }) => sum + dur, 0) / steps / 1000;
  console.log(`${kernels.length / steps} kernels a time, ${ownMs.toFixed(1)} ms by the device's own clock`);
  console.table(byOperation(kernels.map(({ dur, name }) => ({ dur, what: name.split('&').slice(1).join(', ') }))));
  const shaped = kernels.map(({ dur, name, args }) => ({ dur, what: `${name.split('&')[1]} ${args.shapes}` }));
  console.table(Object.fromEntries(Object.entries(byOperation(shaped)).slice(0, mostShapes)));
}

/** Of kernels by what they are given: those that take longest. */
const mostShapes = 20;

/** @param {import('../dist/engine/index.js').Engine} engine */
async function takeSteps(engine) {
  const stepper = await compileStep(engine, size);
  for (let step = 1; step <= steps; step++) {
    const { generatorMs, discriminatorMs } = await stepper.step();
    console.log(
      `step ${step}: generators ${generatorMs.toFixed(0)} ms, discriminators ${discriminatorMs.toFixed(0)} ms`,
    );
  }
  await stepper.dispose();
  const compiled = `compiled in ${stepper.compileMs.toFixed(0)} ms`;
  return `a step of ${size.size}², width ${size.width}, ${size.blocks} blocks, batch 1, ${compiled}`;
}

/** @param {import('../dist/engine/index.js').Engine} engine @param {string} file */
async function translate(engine, file) {
  const program = await engine.load({ path: file });
  const image = { [program.inputs[0]]: noise([1, 3, size.size, size.size]) };
  for (let time = 1; time <= steps; time++) {
    const { ms } = await timed(() => program.run(image));
    console.log(`image ${time}: ${ms.toFixed(1)} ms`);
  }
  await program.dispose();
  return `${file}, an image of ${size.size}²`;
}

/** Of all sessions. */
function recorded() {
  return readdirSync(folder).flatMap(file => JSON.parse(readFileSync(join(folder, file), 'utf8')));
}

/**
 * Of nodes on a device the time is that of handing the work over, unless the driver waits.
 * @param {readonly { dur: number, what: string }[]} parts
 */
function byOperation(parts) {
  const groups = new Map();
  for (const { dur, what } of parts) {
    if (!groups.has(what)) groups.set(what, []);
    groups.get(what).push(dur);
  }
  return Object.fromEntries(
    [...groups]
      .map(([what, own]) => [
        what,
        { each: own.length / steps, ms: Math.round(own.reduce((sum, dur) => sum + dur, 0) / steps) / 1000 },
      ])
      .sort(([, a], [, b]) => b.ms - a.ms),
  );
}
