/**
 * ONNX Runtime as an engine, on any of its execution providers. A graph is lowered to ONNX bytes and compiled as a
 * session. `run` blocks its JavaScript thread while native code works, so this belongs in a process of its own.
 *
 * Where the provider can, variables stay on the device between runs: then nothing but inputs and outputs crosses.
 */
import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';
import { CycleboxError } from '../../base/index.js';
import type { Graph } from '../../graph/index.js';
import {
  decodeOnnx,
  encodeIdentity,
  encodeOnnx,
  type KernelBits,
  type LoweringTarget,
  mayGain,
  tailoredTo,
  toHalfPrecision,
  variableUpdate,
} from '../../onnx/index.js';
import type {
  CompileOptions,
  Descent,
  DescentOptions,
  Device,
  Engine,
  EngineOptions,
  LoadOptions,
  ModelSource,
  Precision,
  Program,
  State,
  Tensors,
} from '../contract.js';
import { checkVariables } from '../graph-shapes.js';
import { readModelSource } from '../model-source.js';
import { cpuKernelBits, wholeSums } from './byte-sums.js';
import { DescentProgram } from './descent-program.js';
import { DeviceProgram } from './device-program.js';
import { DeviceState } from './device-state.js';
import { onnxDevices } from './devices.js';
import { asEngineError } from './engine-error.js';
import { HostState } from './host-state.js';
import { OnnxProgram, type OnnxProgramParts } from './onnx-program.js';
import { OnnxState } from './onnx-state.js';
import { executionProviders, type OnnxProvider, providerTraits, requireProvider } from './providers.js';
import { announceSession } from './session-channel.js';
import { type RunnableSession, SessionThread } from './session-thread.js';
import { TailoringProgram } from './tailoring-program.js';
import { Transfer } from './transfer.js';
import { unavailable } from './unavailable.js';
import { layoutOfGraph, layoutOfModel, type WebGpuLayout } from './webgpu-layout.js';
import { writtenFor } from './written-model.js';

// What the runtime logs as an error it throws as well, and then it is told in one sentence, by whoever catches it.
ort.env.logLevel = 'fatal';

/**
 * How long threads wait actively for each other. Where other programs want the CPU too, a thread that waits as
 * long as the runtime does by itself takes the very time slice that the awaited one needs: steps took three times as long.
 * Training steps of width 32 take 0.95 to 0.99 of the time with 100 that they take with 20, and 0.92 beside a program that never rests.
 */
const spinMicroseconds = '100';

/**
 * On the CPU: what moves transpositions away from where the lowering put them, into products, which take longer then, and
 * behind normalisations, where each of their readers gets one of its own.
 */
const unwantedInTraining = 'TransposeOptimizer;GemmTransposeFusion';

export interface OnnxEngineOptions extends EngineOptions {
  /** Default `cpu`. */
  readonly provider?: OnnxProvider | undefined;
  /** Which of the provider's devices, counted from 0, where it has several. */
  readonly index?: number | undefined;
  readonly diagnostics?: SessionDiagnostics | undefined;
}

/** For tests and measurements: who runs what. */
export interface SessionDiagnostics {
  /** Refuses graphs of which the CPU would run a part, rather than let values cross for it in every run. */
  readonly deviceOnly?: boolean;
  /** Each session writes a profile to a file that begins so when it is closed. */
  readonly profilePrefix?: string;
  /** WebGPU's layout in place of the one that is chosen for each graph or model. */
  readonly layout?: WebGpuLayout;
  /**
   * More options of WebGPU's provider, by the runtime's names: `validationMode`, `storageBufferCacheMode` … All sessions of a
   * process share the device, which takes them from the first.
   */
  readonly webGpuOptions?: Readonly<Record<string, string>>;
}

/** @throws ENGINE_UNAVAILABLE with what to do when the provider or its device cannot be used on this machine. */
export async function openOnnxEngine(options: OnnxEngineOptions = {}): Promise<Engine> {
  const { provider = 'cpu', index = 0, threads, tailoring = true, ownThread = false, diagnostics = {} } = options;
  requireProvider(provider);
  const engine = new OnnxEngine(provider, index, await deviceOf(provider, index, threads), {
    threads,
    tailoring,
    ownThread: ownThread && provider === 'cpu',
    diagnostics,
  });
  await engine.open();
  return engine;
}

async function deviceOf(provider: OnnxProvider, index: number, threads: number | undefined): Promise<Device> {
  const devices = await onnxDevices(provider, threads);
  const device = devices[index];
  if (device) return device;
  const { label, kind } = providerTraits[provider];
  const unlisted = devices.length === 0 || provider === 'directml'; // Its adapters have numbers, but no list.
  if (unlisted) return { id: `${provider}:${index}`, kind, name: `${label} device ${index}` };
  const there = devices.map(({ id, name }) => `${id} (${name})`).join(', ');
  throw new CycleboxError('ENGINE_UNAVAILABLE', `There is no device ${provider}:${index} here. There are: ${there}.`);
}

interface SessionOptions {
  /** The graph updates variables: it is large, and changes between runs nothing that would repay much optimisation. */
  readonly training?: boolean;
  /** Outputs that stay on the device, if any; the others come to the host. */
  readonly deviceOutputs?: readonly string[];
  readonly hostOutputs?: readonly string[];
  readonly layout?: WebGpuLayout;
  readonly extra?: Readonly<Record<string, string>>;
  /** Where it runs, if not in the caller's thread. */
  readonly thread?: SessionThread | undefined;
  /** In a thread: outputs that it lends (`SessionThread.open`). */
  readonly lent?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Default: the engine's. */
  readonly threads?: number | undefined;
}

interface ResolvedOptions {
  readonly threads: number | undefined;
  readonly tailoring: boolean;
  readonly ownThread: boolean;
  readonly diagnostics: SessionDiagnostics;
}

class OnnxEngine implements Engine {
  readonly id: OnnxProvider;
  readonly device: Device;
  readonly prefersFewOperations: boolean;
  readonly #index: number;
  readonly #threads: number | undefined;
  readonly #tailors: boolean;
  readonly #diagnostics: SessionDiagnostics;
  readonly descent: Descent | undefined;
  readonly #programs = new Set<OnnxProgram | TailoringProgram | DeviceProgram>();
  readonly #states = new Set<DeviceState>();
  /** Of loaded models. */
  readonly #thread: SessionThread | undefined;
  /** Of a training's second lane. */
  #lane: SessionThread | undefined;
  #transfer: Transfer | undefined;
  /** Sessions that write a profile. */
  #profiled = 0;
  /** Rejects where the device has none. */
  #float16: Promise<void> | undefined;

  constructor(
    provider: OnnxProvider,
    index: number,
    device: Device,
    { threads, tailoring, ownThread, diagnostics }: ResolvedOptions,
  ) {
    this.id = provider;
    this.device = device;
    this.#index = index;
    this.#threads = threads;
    this.#tailors = provider === 'cpu' && tailoring;
    this.prefersFewOperations = provider === 'webgpu';
    this.#thread = ownThread ? new SessionThread() : undefined;
    this.#diagnostics = diagnostics;
    this.descent = provider === 'cpu' ? this.#descentOn(threads ?? availableParallelism()) : undefined;
  }

  /** Tries the provider, for it to fail here rather than in the first use. */
  async open(): Promise<void> {
    if (this.id === 'cpu') return;
    try {
      if (providerTraits[this.id].keepsState) this.#transfer = await this.#openTransfer();
      else await this.#openIdentity();
    } catch (error) {
      throw unavailable(this.id, error);
    }
  }

  async #openIdentity(): Promise<void> {
    await (await this.#session(encodeIdentity('x', 'y'))).release();
  }

  /** Before a model is condemned: whether this process can still open the smallest there is. */
  #opensAnything(): Promise<boolean> {
    return this.#openIdentity().then(
      () => true,
      () => false,
    );
  }

  async createState(initial: Tensors): Promise<State> {
    if (!this.#transfer) return new HostState(initial);
    const state = await DeviceState.create(initial, this.#transfer);
    this.#states.add(state);
    state.onDispose(() => this.#states.delete(state));
    return state;
  }

  async compile(graph: Graph, { state }: CompileOptions = {}): Promise<Program> {
    return this.#track(await this.#compileGraph(graph, state === undefined ? undefined : OnnxState.of(state)));
  }

  async #compileGraph(
    graph: Graph,
    held: OnnxState | undefined,
    { kept = {}, ...place }: Pick<OnnxProgramParts, 'kept'> & Pick<SessionOptions, 'thread' | 'threads' | 'lent'> = {},
  ): Promise<OnnxProgram> {
    checkVariables(graph, name => held?.shapeOf(name));
    const updates = Object.keys(graph.updates);
    const bytes = encodeOnnx(graph, { target: this.#target });
    const options: SessionOptions = {
      ...place,
      layout: layoutOfGraph(graph),
      training: updates.length > 0 || Object.keys(kept).length > 0,
      deviceOutputs: held instanceof DeviceState ? updates.map(variableUpdate) : [],
      hostOutputs: Object.keys(graph.outputs),
    };
    const reopen = held instanceof DeviceState ? undefined : () => this.#session(bytes, options);
    return new OnnxProgram(await this.#session(bytes, options), { graph, state: held, kept, reopen });
  }

  /** Two graphs share the threads evenly, or there is one at a time. */
  #descentOn(threads: number): Descent {
    const lanes = threads % 2 === 0 ? 2 : 1;
    return { lanes, compile: (shares, options) => this.#compileDescent(shares, threads, options) };
  }

  async #compileDescent(shares: readonly Graph[], threads: number, options: DescentOptions): Promise<Program> {
    if (shares.length > 2)
      throw new CycleboxError('GRAPH_INVALID', `Two graphs at most share a step, not ${shares.length}.`);
    const held = OnnxState.of(options.state) as HostState;
    const own = Math.max(1, Math.floor(threads / shares.length));
    return await DescentProgram.compile(shares, held, options, async (graph, lane, kept) => {
      if (lane > 0) this.#lane ??= new SessionThread();
      const thread = lane > 0 ? this.#lane : undefined;
      return this.#track(
        await this.#compileGraph(graph, held, {
          kept,
          thread,
          threads: own,
          lent: thread && shapesOf(graph, Object.keys(kept)),
        }),
      );
    });
  }

  async load(model: ModelSource, options: LoadOptions = {}): Promise<Program> {
    const { precision = 'float32' } = options;
    const { bytes, file } = await readModelSource(model);
    const content = decodeOnnx(bytes, file);
    const { metadata } = content;
    const layout = layoutOfModel(content);
    if (precision === 'float16') await this.#requireFloat16();
    // Other devices leave what is quantised to the CPU.
    const kernelBits = precision === 'int8' || content.isQuantised ? await cpuKernelBits() : undefined;
    const written = writtenFor(bytes, file, this.device, { kernelBits, ...options });
    const extra = content.isQuantised && kernelBits === 7 ? wholeSums : {};
    const staying = this.#transfer ? content.outputs.map(({ name }) => name) : [];
    const open = () => this.#session(written, { layout, extra, thread: this.#thread, deviceOutputs: staying });
    try {
      const session = await open();
      await requireFloats(session);
      const program = new OnnxProgram(session, { metadata, reopen: open });
      if (this.#transfer) return this.#track(new DeviceProgram(program, () => this.#openedTransfer()));
      const isTailored = this.#tailors && precision === 'float32' && mayGain(content, bytes.length);
      return this.#track(isTailored ? this.#tailoring(program, bytes, file) : program);
    } catch (error) {
      if (isAboutDevice(error)) throw error;
      throw (await this.#opensAnything()) ? refusedModel(file, precision, error) : exhausted(file, error);
    }
  }

  /**
   * A session keeps the largest memory that its runs took: all are closed, and opened again by the next run. WebGPU keeps
   * its buffers until the last session is closed, which has to wait where variables are on the device.
   */
  async releaseCaches(): Promise<void> {
    for (const program of this.#programs) await program.suspend();
    const transfer = this.#transfer;
    if (!transfer || this.#states.size > 0) return;
    this.#transfer = undefined; // Should opening fail, there is none to close again.
    await transfer.dispose();
    this.#transfer = await this.#openTransfer();
  }

  /** The device closes with its last session, and with it whatever tensors are left there: states go first. */
  async dispose(): Promise<void> {
    await Promise.all([...this.#states].map(state => state.dispose()));
    await Promise.all([...this.#programs].map(program => program.dispose()));
    await this.#transfer?.dispose();
    this.#transfer = undefined;
    await Promise.all([this.#thread?.dispose(), this.#lane?.dispose()]);
  }

  /** Tried once: WebGPU has it where the adapter does, and says so only when something runs. */
  #requireFloat16(): Promise<void> {
    this.#float16 ??= this.#tryFloat16();
    return this.#float16;
  }

  async #tryFloat16(): Promise<void> {
    const refused = (cause?: unknown) => {
      const message = `${this.device.id} has no float16 (${this.device.name}). Take --precision float32.`;
      return new CycleboxError('ENGINE_UNAVAILABLE', message, { cause });
    };
    if (!providerTraits[this.id].float16) throw refused();
    try {
      const session = await this.#session(toHalfPrecision(encodeIdentity('x', 'y')));
      await session.run({ x: new ort.Tensor('float32', Float32Array.of(0.5, -3), [2]) });
      await session.release();
    } catch (error) {
      throw refused(error);
    }
  }

  kernelBits(): Promise<KernelBits> {
    return cpuKernelBits();
  }

  get #target(): LoweringTarget {
    return this.id === 'webgpu' ? 'webgpu' : 'any';
  }

  #openedTransfer(): Transfer {
    if (this.#transfer) return this.#transfer;
    throw new CycleboxError('ENGINE_FAILED', `${this.device.id} was closed before this run.`);
  }

  #openTransfer(): Promise<Transfer> {
    return Transfer.open((model, outputs) =>
      this.#session(model, 'device' in outputs ? { deviceOutputs: outputs.device } : { hostOutputs: outputs.host }),
    );
  }

  /**
   * Training graphs are large and change nothing between runs: only cheap optimisations pay, and a memory plan made in
   * the first run is kept beside what that run took, a quarter more for no speed (bench/levels.mjs has the figures).
   */
  async #session(bytes: Uint8Array, options: SessionOptions = {}): Promise<RunnableSession> {
    const { training = false, deviceOutputs = [], hostOutputs = [], layout = 'NHWC', thread } = options;
    const { deviceOnly, profilePrefix, layout: layoutAsked, webGpuOptions = {} } = this.#diagnostics;
    const threads = options.threads ?? this.#threads ?? (this.id === 'cpu' ? availableParallelism() : undefined);
    const ofSession = { intra_op: { spin_duration_us: spinMicroseconds }, ...options.extra };
    try {
      const settings: ort.InferenceSession.SessionOptions = {
        executionProviders: executionProviders(this.id, this.#index, layoutAsked ?? layout, webGpuOptions),
        ...(threads !== undefined && { intraOpNumThreads: threads }),
        graphOptimizationLevel: training ? 'basic' : 'all',
        enableMemPattern: this.id === 'cpu' && !training,
        logSeverityLevel: 4,
        ...(deviceOutputs.length > 0 && { preferredOutputLocation: outputLocations(deviceOutputs, hostOutputs) }),
        ...(profilePrefix !== undefined && {
          enableProfiling: true,
          // The runtime adds the second only, and two sessions of one second would write into one file.
          profileFilePrefix: `${profilePrefix}-${++this.#profiled}`,
        }),
        extra: {
          session: deviceOnly ? { ...ofSession, disable_cpu_ep_fallback: '1' } : ofSession,
          ...(training && this.id === 'cpu' && { optimization: { disable_specified_optimizers: unwantedInTraining } }),
        },
      };
      return announceSession(
        await (thread?.open(bytes, settings, options.lent) ?? ort.InferenceSession.create(bytes, settings)),
      );
    } catch (error) {
      throw asEngineError(error, 'compiling');
    }
  }

  #tailoring(program: OnnxProgram, bytes: Uint8Array, file: string): TailoringProgram {
    return new TailoringProgram(program, async shapes => {
      const tailored = tailoredTo(shapes, bytes, file);
      return (
        tailored &&
        new OnnxProgram(await this.#session(tailored, { thread: this.#thread }), { metadata: program.metadata })
      );
    });
  }

  #track<P extends OnnxProgram | TailoringProgram | DeviceProgram>(program: P): P {
    this.#programs.add(program);
    program.onDispose(() => this.#programs.delete(program));
    return program;
  }
}

function shapesOf({ outputs, nodes }: Graph, names: readonly string[]): Record<string, readonly number[]> {
  return Object.fromEntries(names.map(name => [name, nodes[outputs[name]!]!.shape as readonly number[]]));
}

function outputLocations(kept: readonly string[], handedOut: readonly string[]): Record<string, 'gpu-buffer' | 'cpu'> {
  return Object.fromEntries([
    ...kept.map(name => [name, 'gpu-buffer'] as const),
    ...handedOut.map(name => [name, 'cpu'] as const),
  ]);
}

/** Other values than float32 would be taken for it. @throws GRAPH_INVALID, and closes the session */
async function requireFloats(session: RunnableSession): Promise<void> {
  const values = [...session.inputMetadata, ...session.outputMetadata];
  const other = values.find(value => !value.isTensor || value.type !== 'float32');
  if (!other) return;
  await session.release();
  const type = other.isTensor ? `holds ${other.type} values` : 'is no tensor';
  throw new CycleboxError('GRAPH_INVALID', `its ${other.name} ${type}; inputs and outputs must be float32.`);
}

/** Whether an error says nothing about the model: another device, or a new process, may load it. */
function isAboutDevice(error: unknown): boolean {
  return error instanceof CycleboxError && (error.code === 'OUT_OF_MEMORY' || error.code === 'DEVICE_LOST');
}

/** Not the model's fault; by its cause's code, everybody else's trouble too. */
function exhausted(file: string, error: unknown): CycleboxError {
  const why = error instanceof Error ? error.message : String(error);
  const message =
    `${file} could not be loaded, since this process can get no more memory or threads (${why}). ` +
    'Raise its limits (ulimit -v, ulimit -u, the memory of its container), or end what else runs.';
  const cause = Object.assign(new Error(why, { cause: error }), { code: 'ENOMEM' });
  return new CycleboxError('OUT_OF_MEMORY', message, { subject: { file }, cause });
}

/** In other precisions than float32 the file may be to blame or what was made of it: float32 tells. */
function refusedModel(file: string, precision: Precision, cause: unknown): CycleboxError {
  const why = cause instanceof Error ? cause.message : cause;
  const [code, message] =
    precision === 'float32'
      ? (['MODEL_INVALID', `${file} could not be loaded: ${why}`] as const)
      : (['ENGINE_UNAVAILABLE', `Take --precision float32: ${file} does not run in ${precision} (${why}).`] as const);
  return new CycleboxError(code, message, { subject: { file }, cause });
}
