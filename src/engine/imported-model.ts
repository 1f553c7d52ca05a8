/**
 * An ONNX file on an engine that runs graphs and reads no files: it is imported as a graph at the sizes of each run. The
 * last few sizes are kept compiled; equal weights are one array in all of them.
 */
import { CycleboxError } from '../base/index.js';
import type { Graph } from '../graph/index.js';
import { checkImportable, importOnnx, type OnnxNetwork, readNetwork } from '../onnx/index.js';
import type { Program, TensorData, Tensors } from './contract.js';
import type { ModelBytes } from './model-source.js';

/** Whole images, tiles and the tiles at two edges come in turns. */
const keptSizes = 6;

export interface ImportedModelParts {
  readonly compile: (graph: Graph) => Program;
  /** Called once when the model is disposed of, after its programs. */
  readonly onDispose?: (() => void) | undefined;
}

export class ImportedModel implements Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #parts: ImportedModelParts;
  /** By input shapes, the last used last. */
  readonly #programs = new Map<string, Program>();
  #network: OnnxNetwork | undefined;

  /** @throws MODEL_INVALID naming the file */
  constructor({ bytes, file }: ModelBytes, parts: ImportedModelParts) {
    const network = readNetwork(bytes, file);
    checkImportable(network);
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

  async dispose(): Promise<void> {
    if (!this.#network) return;
    this.#network = undefined;
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.all(programs.map(program => program.dispose()));
    this.#parts.onDispose?.();
  }

  #programAt(network: OnnxNetwork, shapes: Readonly<Record<string, readonly number[]>>): Program {
    const key = JSON.stringify(this.inputs.map(name => shapes[name]));
    const program = this.#programs.get(key) ?? this.#parts.compile(importOnnx(network, shapes));
    this.#programs.delete(key);
    this.#programs.set(key, program);
    const [oldest] = this.#programs.entries();
    if (this.#programs.size > keptSizes && oldest) {
      this.#programs.delete(oldest[0]);
      void oldest[1].dispose();
    }
    return program;
  }
}
