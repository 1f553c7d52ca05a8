/**
 * An ONNX file on TensorFlow.js. The file is raised to a graph at the sizes of each run; the last few sizes are kept
 * compiled, and all share the weights on the backend.
 */
import { CycleboxError } from '../../base/index.js';
import { checkRaisable, type OnnxNetwork, raiseOnnx, readNetwork } from '../../onnx/index.js';
import type { Program, TensorData, Tensors } from '../contract.js';
import { TfjsProgram, type TfjsProgramParts } from './tfjs-program.js';

/** Whole images, tiles and the tiles at two edges come in turns. */
const keptSizes = 6;

export class TfjsModel implements Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #parts: TfjsProgramParts;
  /** By input shapes, the last used last. */
  readonly #programs = new Map<string, TfjsProgram>();
  #network: OnnxNetwork | undefined;

  /** @throws MODEL_INVALID naming `file` */
  constructor(bytes: Uint8Array, file: string, parts: TfjsProgramParts) {
    const network = readNetwork(bytes, file);
    checkRaisable(network);
    this.inputs = network.inputs.map(({ name }) => name);
    this.outputs = network.outputs.map(({ name }) => name);
    this.metadata = network.metadata;
    this.#network = network;
    this.#parts = parts;
  }

  async run(inputs: Tensors): Promise<Record<string, TensorData>> {
    const network = this.#network;
    if (!network) throw new CycleboxError('ENGINE_FAILED', 'The program was disposed of before this run.');
    const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
    return this.#programAt(network, shapes).run(inputs);
  }

  dispose(): void {
    if (!this.#network) return;
    this.#network = undefined;
    for (const program of this.#programs.values()) program.dispose();
    this.#parts.onDispose?.();
  }

  #programAt(network: OnnxNetwork, shapes: Readonly<Record<string, readonly number[]>>): TfjsProgram {
    const key = JSON.stringify(this.inputs.map(name => shapes[name]));
    const { device, pool } = this.#parts;
    const program = this.#programs.get(key) ?? new TfjsProgram(raiseOnnx(network, shapes), { device, pool });
    this.#programs.delete(key);
    this.#programs.set(key, program);
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > keptSizes && oldest !== undefined) this.#programs.delete(oldest);
    return program;
  }
}
