/**
 * A device for tests: the CPU under another name, whose memory ends where the test says. What it computes is
 * real; how often it was run, with what, and what was freed can be asked.
 */
import { CycleboxError } from '../../src/base/index.js';
import { type Device, type Engine, openEngine, type Precision, type Program } from '../../src/engine/index.js';

export interface PretendOptions {
  /** Default webgpu. */
  readonly id?: 'webgpu' | 'cpu';
  /** A run of more pixels (over all its pictures) runs out of memory. May be changed. */
  holdsPixels?: number;
  /** Models that can be loaded before memory runs out. */
  readonly holdsModels?: number;
  /** What float16 does: works, is not there, or overflows. Default works. */
  readonly float16?: 'works' | 'missing' | 'overflows';
  readonly memoryBytes?: number;
}

export interface PretendDevice {
  /** For `TranslatorOptions.openEngine`; the CPU is the real one unless it is what is pretended. */
  readonly openEngine: (choice: string) => Promise<Engine>;
  /** `[n, height, width]` of every run that went well on the device. */
  readonly runs: (readonly number[])[];
  /** Every run that was tried. */
  readonly attempts: (readonly number[])[];
  readonly freed: { caches: number };
  /** Engines of the device that are open. */
  readonly open: { count: number };
}

export function pretendDevice(options: PretendOptions = {}): PretendDevice {
  const { id = 'webgpu' } = options;
  const state = { runs: [], attempts: [], freed: { caches: 0 }, open: { count: 0 } } as Omit<
    PretendDevice,
    'openEngine'
  >;
  const openPretended = async (choice: string) => {
    const real = await openEngine('cpu', { threads: 1 });
    if (choice !== id) return real;
    state.open.count++;
    return pretended(real, options, state);
  };
  return { ...state, openEngine: openPretended };
}

function pretended(real: Engine, options: PretendOptions, state: Omit<PretendDevice, 'openEngine'>): Engine {
  const { id = 'webgpu', holdsModels = Number.POSITIVE_INFINITY, float16 = 'works', memoryBytes } = options;
  const device: Device = { id, kind: id === 'cpu' ? 'cpu' : 'gpu', name: 'pretended', memoryBytes };
  let models = 0;
  return {
    id,
    device,
    createState: initial => real.createState(initial),
    compile: (graph, how) => real.compile(graph, how),
    async load(model, { precision = 'float32' } = {}) {
      if (++models > holdsModels) throw new CycleboxError('OUT_OF_MEMORY', 'no room for the weights');
      if (precision === 'float16' && float16 === 'missing')
        throw new CycleboxError('ENGINE_UNAVAILABLE', 'this device has no float16');
      return limited(await real.load(model), precision, options, state);
    },
    async releaseCaches() {
      state.freed.caches++;
    },
    async dispose() {
      state.open.count--;
      await real.dispose();
    },
  };
}

function limited(
  program: Program,
  precision: Precision,
  options: PretendOptions,
  { runs, attempts }: Omit<PretendDevice, 'openEngine'>,
): Program {
  return {
    inputs: program.inputs,
    outputs: program.outputs,
    metadata: program.metadata,
    dispose: () => program.dispose(),
    async run(inputs) {
      const [n = 0, , height = 0, width = 0] = Object.values(inputs)[0]!.shape;
      attempts.push([n, height, width]);
      if (n * height * width > (options.holdsPixels ?? Number.POSITIVE_INFINITY))
        throw new CycleboxError('OUT_OF_MEMORY', 'failed to allocate');
      const outputs = await program.run(inputs);
      runs.push([n, height, width]);
      if (precision === 'float16' && options.float16 === 'overflows')
        for (const { data } of Object.values(outputs)) data.fill(Number.NaN);
      return outputs;
    },
  };
}
