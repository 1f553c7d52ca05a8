/**
 * What the rule of one ONNX operation is given: its inputs as tensors of a graph being built or as numbers known
 * beforehand, and its attributes by type. What a file asks for and the tensor language has not is refused here.
 */
import { CycleboxError } from '../../base/index.js';
import { type GraphBuilder, numericShape, reshape, sizeOf, Tensor } from '../../graph/index.js';
import type { Constant, OnnxNetwork, OnnxNode } from './network.js';

export type ImportedValue = Tensor | Constant;

export class ImportContext {
  constructor(
    readonly network: OnnxNetwork,
    readonly node: OnnxNode,
    readonly builder: GraphBuilder,
    /** Undefined for optional inputs that are left out. */
    readonly inputs: readonly (ImportedValue | undefined)[],
  ) {}

  get opset(): number {
    return this.network.opset;
  }

  input(index: number): ImportedValue {
    return this.inputs[index] ?? this.refuse(`without its input ${index}`);
  }

  /** An input as a tensor; numbers become constants of the graph. */
  tensor(index: number): Tensor {
    return toTensor(this.builder, this.input(index));
  }

  /** Numbers of an input that must be known beforehand. */
  numbers(index: number): number[] {
    const value = this.input(index);
    if (value instanceof Tensor) return this.refuse(`with an input ${index} that is computed from the image`);
    return Array.from(value.data);
  }

  integer(name: string, otherwise?: number): number {
    const value = this.node.attributes[name] ?? otherwise;
    return typeof value === 'number' ? value : this.refuse(`without a number as ${name}`);
  }

  text(name: string, otherwise: string): string {
    const value = this.node.attributes[name] ?? otherwise;
    return typeof value === 'string' ? value : this.refuse(`without a text as ${name}`);
  }

  list(name: string): readonly number[] | undefined {
    const value = this.node.attributes[name];
    return Array.isArray(value) ? value : undefined;
  }

  /** What older operation sets have as an attribute and newer ones as an input. */
  listOrInput(name: string, index: number): readonly number[] | undefined {
    return this.list(name) ?? (this.inputs[index] ? this.numbers(index) : undefined);
  }

  /** @throws MODEL_INVALID naming file and operation. `how` follows the operation's name. */
  refuse(how: string): never {
    throw unsupported(this.network.file, `${this.node.op} ${how}`.trim());
  }
}

export function unsupported(file: string, what: string): CycleboxError {
  return new CycleboxError(
    'MODEL_INVALID',
    `${file} uses ${what}, which this engine cannot run. Run it with ONNX Runtime: --engine cpu.`,
    { subject: { file } },
  );
}

export function toTensor(builder: GraphBuilder, value: ImportedValue): Tensor {
  if (value instanceof Tensor) return value;
  const data = value.data instanceof Float32Array ? value.data : Float32Array.from(value.data);
  return builder.constant(data, value.shape);
}

export function shapeOf(value: ImportedValue): readonly number[] {
  return value instanceof Tensor ? numericShape(value.shape, 'A network at a size') : value.shape;
}

/** Counts from the end where it is negative. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Values per channel, `[c]`, against images `[n, c, …]`. */
export function perChannel(tensor: Tensor, rank = 4): Tensor {
  const shape = [1, sizeOf(shapeOf(tensor)), ...Array<number>(rank - 2).fill(1)];
  const { node, builder } = tensor;
  // As a constant of that shape, factors of 1 and summands of 0 are seen to be neutral.
  return node.op === 'constant' ? builder.constant(node.attributes.data, shape) : reshape(tensor, shape);
}
