/**
 * A model file rewritten to calculate its convolutions in int8: bytes in, int8 kernels with a scale for each channel, which CPUs with
 * VNNI multiply four times as fast as floats, and others somewhat faster. Results are bytes (ONNX Runtime's QLinearConv), or the
 * whole sums (a product of matrices), which takes a little longer and loses nothing: rounding results is what costs these networks
 * most. Everything else stays float32, and normalisation with it. Nothing is measured here: how far values go comes from
 * a calibration.
 *
 * Scales of input channels go into the kernel, those of output channels into the result's: the runtime sees scales of 1. Where
 * an instance normalisation follows, what is the same in all of a channel cancels there: bytes are those around the channel's
 * middle, and sums keep what the zero points add.
 */
import { CycleboxError } from '../../base/index.js';
import { encodeModel } from '../encode-model.js';
import type { GraphProto, NodeProto } from '../generated/index.js';
import { parseModel } from '../model-file.js';
import { restoreFloats } from '../stored-weights.js';
import { ByteWriter } from './byte-values.js';
import { type Convolution, convolutionsOf, hasZeros } from './convolutions.js';
import { axis, GraphWriter, order } from './graph-writer.js';
import { type Phases, phasesIn, writeInterleaved } from './interleave-phases.js';
import { joinedPhases, writeJoined } from './joined-phases.js';
import { asColumns, type ByteKernel, type KernelBits, quantiseKernel } from './kernel.js';
import { PatchWriter } from './patches.js';
import {
  asymmetricScales,
  type ByteScales,
  type ChannelRanges,
  centredScales,
  type ModelRanges,
  sharedZeroScales,
} from './ranges.js';
import { SpatialSizes } from './spatial-sizes.js';

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
  const opset = Number(model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 1n);
  if (opset < oldestOpset)
    throw invalid(file, `is written in opset ${opset}, and int8 needs ${oldestOpset}. Export it anew`);
  const graph = model.graph!;
  restoreFloats(graph);
  const convolutions = convolutionsOf(graph);
  const writer = new GraphWriter();
  const rewrite = new Int8Rewrite(graph, convolutions, ranges, { file, kernelBits, writer, opset });
  graph.node = graph.node.flatMap(node => rewrite.rewritten(node));
  graph.initializer.push(...writer.initializers);
  graph.valueInfo = [];
  dropUnread(graph);
  return encodeModel(model);
}

function invalid(file: string, why: string): CycleboxError {
  return new CycleboxError('MODEL_INVALID', `${file} ${why}.`, { subject: { file } });
}

interface RewriteOptions {
  readonly file: string;
  readonly kernelBits: KernelBits;
  readonly writer: GraphWriter;
  readonly opset: number;
}

class Int8Rewrite {
  readonly #convolutions: ReadonlyMap<string, Convolution>;
  readonly #ranges: ModelRanges;
  readonly #file: string;
  readonly #bits: KernelBits;
  readonly #writer: GraphWriter;
  readonly #patches: PatchWriter;
  readonly #bytes: ByteWriter;
  readonly #phases: ReadonlyMap<string, Phases>;

  constructor(
    graph: GraphProto,
    convolutions: readonly Convolution[],
    ranges: ModelRanges,
    { file, kernelBits, writer, opset }: RewriteOptions,
  ) {
    this.#writer = writer;
    this.#bytes = new ByteWriter(writer, opset);
    this.#bits = kernelBits;
    this.#convolutions = new Map(convolutions.map(each => [each.output, each]));
    this.#phases = phasesIn(graph, convolutions);
    this.#patches = new PatchWriter(this.#writer, new SpatialSizes(graph, this.#convolutions));
    this.#ranges = ranges;
    this.#file = file;
    const lost = Object.keys(ranges).find(name => !this.#convolutions.has(name));
    if (lost !== undefined)
      throw invalid(file, `has no convolution ${lost}: its calibration is another model's. Calibrate it anew`);
  }

  /** A convolution that has ranges becomes several nodes, and so do phases that are put together; any other node stays. */
  rewritten(node: NodeProto): readonly NodeProto[] {
    const phases = this.#phases.get(node.output[0]!);
    if (phases) {
      this.#writePhases(phases, node.output[0]!);
      return this.#writer.taken();
    }
    const convolution = this.#convolutions.get(node.output[0]!);
    const ranges = convolution && this.#ranges[convolution.output];
    if (!convolution || !ranges) return [node];
    const [outputs, inputs] = convolution.kernel.dims as [number, number, number, number];
    this.#requireChannels(convolution, ranges.into, inputs);
    const into = hasZeros(convolution) ? sharedZeroScales(ranges.into) : asymmetricScales(ranges.into);
    const kernel = quantiseKernel(convolution.kernel.data, outputs, into, this.#bits);
    if (ranges.outOf) {
      this.#requireChannels(convolution, ranges.outOf, outputs);
      const outOf = convolution.isNormalised ? centredScales(ranges.outOf) : asymmetricScales(ranges.outOf);
      this.#writeBytes(convolution, kernel, into, outOf);
    } else this.#writeSums(convolution, kernel, into);
    return this.#writer.taken();
  }

  #writePhases(phases: Phases, name: string): void {
    const ranges = phases.map(phase => this.#ranges[phase]);
    const keepsSums = ranges.every(each => each !== undefined && each.outOf === undefined);
    const joined = keepsSums ? joinedPhases(phases.map(phase => this.#convolutions.get(phase))) : undefined;
    const tools = { writer: this.#writer, bytes: this.#bytes, patches: this.#patches, bits: this.#bits };
    if (joined) writeJoined(tools, joined, ranges[0]!.into, name);
    else writeInterleaved(this.#writer, phases, name);
  }

  #writeBytes(convolution: Convolution, kernel: ByteKernel, into: ByteScales, outOf: ByteScales & Middles): void {
    const writer = this.#writer;
    const outputs = convolution.kernel.dims[0]!;
    // The bias is in steps of the sums, which are to be those that the kernel has.
    const follows = convolution.isNormalised || !convolution.bias?.data.some(value => value !== 0);
    const { bytes: inner, factor } = this.#bytes.of(convolution.input, into, follows);
    const { mirror } = convolution;
    let bytes = inner;
    if (mirror) bytes = writer.node('Pad', [bytes, mirror.node.input[1]!], mirror.node.attribute);
    const wide = Math.max(outputs, fewestOutputs);
    const one = writer.floats([], Float32Array.of(1));
    // With zeros around, the runtime itself takes the shared zero point away.
    const zero = hasZeros(convolution) ? into.zeros[0]! : 0;
    const byteZero = convolution.isNormalised ? 128 : 0;
    const inputs = [
      ...[bytes, one, writer.bytes([], Uint8Array.of(zero))],
      writer.signedBytes(
        [wide, ...convolution.kernel.dims.slice(1)],
        filledUp(kernel.bytes, (kernel.bytes.length / outputs) * wide),
      ),
      writer.floats(
        [wide],
        filledUp(
          kernel.scales.map((scale, channel) => scale / outOf.scales[channel]!),
          wide,
          1,
        ),
      ),
      writer.signedBytes([wide], new Int8Array(wide)),
      ...[one, writer.bytes([], Uint8Array.of(byteZero))],
      writer.sums(filledUp(biasInSums(convolution, kernel, outOf), wide)),
    ];
    let result = writer.node('QLinearConv', inputs, convolution.node.attribute);
    if (wide > outputs) result = writer.node('Slice', [result, ...[0, outputs, 1].map(at => writer.integers([at]))]);
    const [scales, zeros] = [this.#bytes.scaled(outOf.scales, factor), writer.bytes([outputs], outOf.zeros)];
    writer.node('DequantizeLinear', [result, scales, zeros], [axis(1)], convolution.output);
  }

  #writeSums(convolution: Convolution, kernel: ByteKernel, into: ByteScales): void {
    const writer = this.#writer;
    const {
      kernel: { dims },
      output,
      isNormalised,
    } = convolution;
    const [outputs, , high, wide] = dims as [number, number, number, number];
    const { bytes, factor } = this.#bytes.of(convolution.input, into, true);
    const { rows, size } = this.#patches.of(convolution, bytes, into.zeros[0]!);
    const columns = asColumns(kernel.bytes, outputs, high * wide);
    const byPixel = writer.node('MatMulInteger', [
      rows,
      writer.signedBytes([columns.length / outputs, outputs], columns),
    ]);
    const byChannel = writer.node('Transpose', [byPixel], [order(0, 2, 1)]);
    const scales = this.#bytes.scaled(kernel.scales, factor);
    let result = writer.node('DequantizeLinear', [byChannel, scales], [axis(1)]);
    if (!isNormalised) {
      const ofZeros = kernel.scales.map((scale, at) => -scale * kernel.offsets[at]!);
      const bias = writer.floats([outputs], convolution.bias?.data ?? new Float32Array(outputs));
      const shifts = writer.node('Add', [this.#bytes.scaled(ofZeros, factor), bias]);
      result = writer.node('Add', [result, writer.node('Unsqueeze', [shifts, writer.integers([1])])]);
    }
    writer.node(
      'Reshape',
      [result, writer.node('Concat', [writer.integers([0, outputs]), size], [axis(0)])],
      [],
      output,
    );
  }

  #requireChannels({ output }: Convolution, { least, most }: ChannelRanges, channels: number): void {
    if (least.length === channels && most.length === channels) return;
    throw invalid(
      this.#file,
      `has ${channels} channels at ${output}, and its calibration ${least.length}: it is another model's. Calibrate it anew`,
    );
  }
}

interface Middles {
  readonly middles?: readonly number[];
}

/** In steps of the sums: the layer's own bias, what the zero points add up to, and where the result's zero is. */
function biasInSums(convolution: Convolution, kernel: ByteKernel, outOf: ByteScales & Middles): Int32Array {
  const own = convolution.bias?.data;
  const isTaken = hasZeros(convolution);
  return Int32Array.from(kernel.scales, (scale, channel) => {
    const shift = convolution.isNormalised ? -outOf.middles![channel]! : outOf.zeros[channel]! * outOf.scales[channel]!;
    const sum = ((own?.[channel] ?? 0) + shift) / scale - (isTaken ? 0 : kernel.offsets[channel]!);
    return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(sum)));
  });
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
