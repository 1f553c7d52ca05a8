/**
 * What ONNX Runtime's own choices cost and bring for the generators' training step: optimisation levels, threads, how long
 * threads wait actively, reuse of memory. Here sessions are made directly, past the engine, whose settings this justifies.
 */
import '../dist/engine/onnx/no-telemetry.js';
import * as ort from 'onnxruntime-node';
import { encodeOnnx } from '../dist/onnx/index.js';
import { variableInput } from '../dist/onnx/lowering.js';
import { inTurns, noise, timed } from './measure.mjs';
import { initialState, scalarInputs, stepGraphs, stepSpec } from './training.mjs';

/** @type {readonly (readonly [string, import('onnxruntime-node').InferenceSession.SessionOptions])[]} */
const variants = [
  ['as the engine sets it', {}],
  ['optimisation disabled', { graphOptimizationLevel: 'disabled' }],
  ['optimisation extended', { graphOptimizationLevel: 'extended' }],
  ['optimisation all', { graphOptimizationLevel: 'all' }],
  ["threads wait as long as the runtime's default", { extra: {} }],
  ['threads do not wait actively', { extra: { session: { intra_op: { allow_spinning: '0' } } } }],
  ['memory planned after the first run', { enableMemPattern: true }],
  ['no arena', { enableCpuMemArena: false }],
  ['one thread', { intraOpNumThreads: 1 }],
];

/** @param {{ size: number, width: number, blocks: number, rounds: number, threads: number }} options */
export async function levelRows({ rounds, threads, ...size }) {
  const spec = stepSpec(size);
  const bytes = encodeOnnx(stepGraphs(spec)[0]);
  const defaults = /** @type {const} */ ({
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'basic',
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { spin_duration_us: '20' } } },
  });
  const sessions = [];
  for (const [name, options] of variants) {
    const { value, ms } = await timed(() => ort.InferenceSession.create(bytes, { ...defaults, ...options }));
    sessions.push({ name, session: value, compileMs: ms });
  }
  const feeds = feedsOf(spec, sessions[0].session.inputNames);
  const candidates = sessions.map(({ name, session }) => ({ name, run: () => session.run(feeds) }));
  const timings = await inTurns(candidates, { rounds });
  for (const { session } of sessions) await session.release();
  return timings.map((timing, index) => ({ ...timing, compileMs: sessions[index].compileMs }));
}

/** @param {readonly string[]} names the inputs that the graph has */
function feedsOf(spec, names) {
  const image = noise([1, 3, spec.size, spec.size]);
  const variables = Object.entries(initialState(spec)).map(([name, value]) => [variableInput(name), value]);
  const values = { A: image, B: image, ...scalarInputs(10), ...Object.fromEntries(variables) };
  return Object.fromEntries(
    names.map(name => [name, new ort.Tensor('float32', values[name].data, values[name].shape)]),
  );
}
