/**
 * A model file rewritten to calculate its convolutions in int8: bytes in, int8 kernels with a scale for each channel, bytes out,
 * by ONNX Runtime's QLinearConv, which CPUs with VNNI do four times as fast as float32, and others somewhat faster. Everything else
 * stays float32, and normalisation with it. Nothing is measured here: how far values go comes from a calibration.
 *
 * Scales of input channels go into the kernel, those of output channels into the result's: the runtime sees scales of 1. Where
 * an instance normalisation follows, each channel is centred, since what is taken away cancels there.
 */
import { create } from '@bufbuild/protobuf';
import { CycleboxError } from '../../base/index.js';
import { encodeModel } from '../encode-model.js';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../generated/index.js';
import { parseModel } from '../model-file.js';
import { restoreFloats } from '../stored-weights.js';
import { type Convolution, convolutionsOf } from './convolutions.js';
import { interleavePhases } from './interleave-phases.js';
import { type KernelBits, quantiseKernel } from './kernel.js';
import {
  asymmetricScales,
  type ByteScales,
  type ChannelRanges,
  centredScales,
  type ModelRanges,
  sharedZeroScales,
} from './ranges.js';

/** Since this version bytes have scales for channels, and borders. */
const oldestOpset = 13;

export interface QuantiseOptions {
  /** What errors name. */
  readonly file?: string | undefined;
  /** Default 7, which is right on every processor. */
  readonly kernelBits?: KernelBits | undefined;
}

/** @throws MODEL_INVALID naming `file` where its operations are too old, or the ranges are another model's */
export function quantiseModel(bytes: Uint8Array, ranges: ModelRanges, options: QuantiseOptions = {}): Uint8Array {
  const { file = 'The model', kernelBits = 7 } = options;
  const model = parseModel(bytes, file);
  const opset = model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 1n;
  if (Number(opset) < oldestOpset)
    throw invalid(file, `is written in opset ${opset}, and int8 needs ${oldestOpset}. Export it anew`);
  const graph = model.graph!;
  restoreFloats(graph);
  const convolutions = convolutionsOf(graph);
  interleavePhases(graph, convolutions);
  const rewrite = new Int8Rewrite(convolutions, ranges, file, kernelBits);
  graph.node = graph.node.flatMap(node => rewrite.rewritten(node));
  graph.initializer.push(...rewrite.initializers);
  graph.valueInfo = [];
  dropUnread(graph);
  return encodeModel(model);
}

function invalid(file: string, why: string): CycleboxError {
  return new CycleboxError('MODEL_INVALID', `${file} ${why}.`, { subject: { file } });
}

class Int8Rewrite {
  readonly initializers: GraphProto['initializer'] = [];
  readonly #convolutions: ReadonlyMap<string, Convolution>;
  readonly #ranges: ModelRanges;
  readonly #file: string;
  readonly #bits: KernelBits;
  /** The node that makes bytes of a value, by the value's name and scales: phases of an upsampling layer read the same. */
  readonly #quantised = new Map<string, string>();
  #count = 0;

  constructor(convolutions: readonly Convolution[], ranges: ModelRanges, file: string, bits: KernelBits) {
    this.#bits = bits;
    this.#convolutions = new Map(convolutions.map(each => [each.output, each]));
    this.#ranges = ranges;
    this.#file = file;
    const lost = Object.keys(ranges).find(name => !this.#convolutions.has(name));
    if (lost !== undefined)
      throw invalid(file, `has no convolution ${lost}: its calibration is another model's. Calibrate it anew`);
  }

  /** A convolution that has ranges becomes several nodes; any other node stays. */
  rewritten(node: NodeProto): readonly NodeProto[] {
    const convolution = this.#convolutions.get(node.output[0]!);
    const ranges = convolution && this.#ranges[convolution.output];
    if (!convolution || !ranges) return [node];
    const [outputs, inputs] = convolution.kernel.dims as [number, number, number, number];
    this.#requireChannels(convolution, ranges.into, inputs);
    this.#requireChannels(convolution, ranges.outOf, outputs);
    const into = convolution.hasZeros ? sharedZeroScales(ranges.into) : asymmetricScales(ranges.into);
    const kernel = quantiseKernel(convolution.kernel.data, outputs, into, this.#bits);
    const outOf = convolution.isNormalised ? centredScales(ranges.outOf) : asymmetricScales(ranges.outOf);
    const nodes: NodeProto[] = [];
    let bytes = this.#bytesOf(convolution.input, into, nodes);
    if (convolution.mirror) {
      nodes.push(this.#node('Pad', [bytes, convolution.mirror.input[1]!], convolution.mirror.attribute));
      bytes = last(nodes);
    }
    const wide = Math.max(outputs, fewestOutputs);
    const one = this.#floats([], Float32Array.of(1));
    // With zeros around, the runtime itself takes the shared zero point away.
    const zero = convolution.hasZeros ? into.zeros[0]! : 0;
    const byteZero = convolution.isNormalised ? 128 : 0;
    const inputsOf = [
      ...[bytes, one, this.#bytes([], Uint8Array.of(zero))],
      this.#tensor(
        [wide, ...convolution.kernel.dims.slice(1)],
        TensorProto_DataType.INT8,
        filledUp(kernel.bytes, (kernel.bytes.length / outputs) * wide),
      ),
      this.#floats(
        [wide],
        filledUp(
          kernel.scales.map((scale, channel) => scale / outOf.scales[channel]!),
          wide,
          1,
        ),
      ),
      this.#tensor([wide], TensorProto_DataType.INT8, new Int8Array(wide)),
      ...[one, this.#bytes([], Uint8Array.of(byteZero))],
      this.#tensor([wide], TensorProto_DataType.INT32, filledUp(this.#bias(convolution, kernel, outOf), wide)),
    ];
    nodes.push(this.#node('QLinearConv', inputsOf, convolution.node.attribute));
    if (wide > outputs)
      nodes.push(this.#node('Slice', [last(nodes), ...[0, outputs, 1].map(at => this.#index(at))], []));
    nodes.push(this.#dequantised(last(nodes), outOf, convolution.output));
    return nodes;
  }

  /** In steps of the sums: the layer's own bias, what the zero points add up to, and where the result's zero is. */
  #bias(
    { bias, hasZeros, isNormalised }: Convolution,
    kernel: ReturnType<typeof quantiseKernel>,
    outOf: ByteScales & { readonly middles?: readonly number[] },
  ): Int32Array {
    const own = bias?.data;
    return Int32Array.from(kernel.scales, (scale, channel) => {
      const shift = isNormalised ? -outOf.middles![channel]! : outOf.zeros[channel]! * outOf.scales[channel]!;
      const sum = ((own?.[channel] ?? 0) + shift) / scale - (hasZeros ? 0 : kernel.offsets[channel]!);
      return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(sum)));
    });
  }

  /** @param nodes where one is added, unless there is one already */
  #bytesOf(name: string, { scales, zeros }: ByteScales, nodes: NodeProto[]): string {
    const key = `${name} ${scales} ${zeros}`;
    const known = this.#quantised.get(key);
    if (known !== undefined) return known;
    const [scale, zero] = [this.#floats([scales.length], scales), this.#bytes([zeros.length], zeros)];
    nodes.push(this.#node('QuantizeLinear', [name, scale, zero], [channelAxis]));
    this.#quantised.set(key, last(nodes));
    return last(nodes);
  }

  #dequantised(name: string, { scales, zeros }: ByteScales, as: string): NodeProto {
    const [scale, zero] = [this.#floats([scales.length], scales), this.#bytes([zeros.length], zeros)];
    const node = this.#node('DequantizeLinear', [name, scale, zero], [channelAxis]);
    node.output = [as];
    return node;
  }

  #node(opType: string, input: readonly string[], attribute: NodeProto['attribute']): NodeProto {
    const name = this.#fresh(opType);
    return create(NodeProtoSchema, { opType, name, input: [...input], output: [name], attribute });
  }

  #floats(dims: readonly number[], values: Float32Array): string {
    return this.#tensor(dims, TensorProto_DataType.FLOAT, values);
  }

  #bytes(dims: readonly number[], values: Uint8Array): string {
    return this.#tensor(dims, TensorProto_DataType.UINT8, values);
  }

  #index(at: number): string {
    const values = BigInt64Array.of(BigInt(at));
    return this.#tensor([1], TensorProto_DataType.INT64, values);
  }

  #tensor(
    dims: readonly number[],
    dataType: number,
    values: Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array,
  ): string {
    const name = this.#fresh('constant');
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.initializers.push(create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType, rawData }));
    return name;
  }

  /** No exporter writes such names. */
  #fresh(what: string): string {
    return `int8 ${this.#count++}: ${what}`;
  }

  #requireChannels({ output }: Convolution, { least, most }: ChannelRanges, channels: number): void {
    if (least.length === channels && most.length === channels) return;
    throw invalid(
      this.#file,
      `has ${channels} channels at ${output}, and its calibration ${least.length}: it is another model's. Calibrate it anew`,
    );
  }
}

/** With fewer, ONNX Runtime copies each result's inputs beside each other first: 12 of 8 × 8 × 32 took 23 ms, 16 take 11. */
const fewestOutputs = 16;

/** As long as that, with a value for what is new. */
function filledUp<T extends Float32Array | Int8Array | Int32Array>(values: T, length: number, value = 0): T {
  if (values.length === length) return values;
  const filled = new (values.constructor as new (length: number) => T)(length).fill(value) as T;
  filled.set(values);
  return filled;
}

const channelAxis = create(AttributeProtoSchema, { name: 'axis', type: AttributeProto_AttributeType.INT, i: 1n });

function last(nodes: readonly NodeProto[]): string {
  return nodes.at(-1)!.output[0]!;
}

/** Borders and kernels that nothing reads any more. */
function dropUnread(graph: GraphProto): void {
  const read = new Set(graph.output.map(({ name }) => name));
  graph.node = graph.node
    .reverse()
    .filter(node => {
      const isRead = node.output.some(name => read.has(name));
      if (isRead) for (const name of node.input) read.add(name);
      return isRead;
    })
    .reverse();
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name));
}
