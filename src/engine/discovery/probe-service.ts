/**
 * What happens inside a probing process: one device is opened, tested and, if asked for, timed. It never chooses.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CycleboxError } from '../../base/index.js';
import { type Graph, graphFromJson } from '../../graph/index.js';
import { encodeOnnx } from '../../onnx/index.js';
import type { Handlers, ParamsOf } from '../../process/index.js';
import type { Engine, TensorData } from '../contract.js';
import { openDevice } from '../open-device.js';
import type { MeasuredSpeed } from './engine-report.js';
import { isHardware, softwareRendererMessage } from './hardware.js';
import { int8WorthOf } from './int8-worth.js';
import { measureSpeed } from './measure-speed.js';
import type { ProbeApi, ProbedDevice, SpeedTest } from './probe-protocol.js';
import { runFloat16SelfTest, runSelfTest } from './self-test.js';

export class ProbeService {
  #engine: Engine | undefined;

  handlers(): Handlers<ProbeApi> {
    return {
      open: params => this.#open(params),
      tryFloat16: () => this.#tryFloat16(),
      tryInt8: () => int8WorthOf(this.#opened()),
      measure: test => this.#measure(test),
    };
  }

  async dispose(): Promise<void> {
    await this.#engine?.dispose();
  }

  async #open({ engine: id, index, onlyHardware }: ParamsOf<ProbeApi, 'open'>): Promise<ProbedDevice> {
    const engine = await openDevice(index === undefined ? id : `${id}:${index}`);
    this.#engine = engine;
    const { device } = engine;
    const hardware = await isHardware(engine);
    if (onlyHardware && !hardware) throw new CycleboxError('ENGINE_UNAVAILABLE', softwareRendererMessage(device.name));
    const selfTestError = await runSelfTest(engine);
    return { device, version: versionOf(engine), hardware, selfTestError };
  }

  async #tryFloat16(): Promise<boolean> {
    try {
      await runFloat16SelfTest(this.#opened());
      return true;
    } catch {
      return false;
    }
  }

  async #measure({ graph, sizes, budgetMs }: SpeedTest): Promise<MeasuredSpeed> {
    const startMs = performance.now();
    const bytes = encodeOnnx(withWeights(graphFromJson(graph)));
    const program = await this.#opened().load({ bytes, name: 'The generator to time' });
    try {
      return await measureSpeed(size => program.run({ image: imageOf(size) }), sizes, startMs + budgetMs);
    } finally {
      await program.dispose();
    }
  }

  #opened(): Engine {
    if (this.#engine) return this.#engine;
    throw new CycleboxError('PROTOCOL', 'A device must be opened before it is used.');
  }
}

function imageOf(size: number): TensorData {
  return { shape: [1, 3, size, size], data: Float32Array.from({ length: 3 * size * size }, (_, i) => Math.sin(i)) };
}

/** The graph with small constants in the place of its variables, as a model file has them. */
function withWeights(graph: Graph): Graph {
  const nodes = graph.nodes.map(node => {
    if (node.op !== 'variable') return node;
    const length = node.shape.reduce<number>((product, size) => product * Number(size), 1);
    const data = Float32Array.from({ length }, (_, i) => 0.05 * Math.sin(i * 1.3));
    return { ...node, op: 'constant' as const, attributes: { data } };
  });
  return { ...graph, nodes: nodes as Graph['nodes'], variables: {}, updates: {} };
}

function versionOf({ id, device }: Engine): string {
  // TensorFlow.js: its device's name begins with the version and the backend.
  if (id === 'tfjs' || id === 'reference') return device.name.split(',').slice(0, 2).join(',');
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return `ONNX Runtime ${(JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version}`;
}
