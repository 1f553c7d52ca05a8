/**
 * The four phases of an upsampling layer as one product with whole sums: each reads a window of 2 × 2 of the same image, and all
 * windows are those of the image with a border, one row and one column more than it has. So what is made of a window for all phases
 * is one row of results, and each pixel of the larger image is a part of one row: which part of which is a table of indices.
 */
import { integerAttribute } from '../attributes.js';
import { TensorProto_DataType } from '../generated/index.js';
import type { ByteWriter } from './byte-values.js';
import type { Convolution } from './convolutions.js';
import { axis, type GraphWriter, order } from './graph-writer.js';
import { asColumns, type KernelBits, quantiseKernel } from './kernel.js';
import type { PatchWriter } from './patches.js';
import { asymmetricScales, type ChannelRanges } from './ranges.js';

/** In the order (row, column). */
export type JoinedPhases = readonly [Convolution, Convolution, Convolution, Convolution];

/** Above, left, below, right of the image, by phase. */
const borders = ['1,1,0,0', '1,0,0,1', '0,1,1,0', '0,0,1,1'];

/** Undefined where they do not read the same image in windows of 2 × 2, each in its quarter. */
export function joinedPhases(phases: readonly (Convolution | undefined)[]): JoinedPhases | undefined {
  const [first] = phases;
  const fits = phases.every(
    (phase, at) =>
      phase !== undefined &&
      phase.input === first!.input &&
      phase.mirror === undefined &&
      phase.bias === undefined &&
      phase.kernel.dims.slice(1).join() === `${first!.kernel.dims[1]},2,2` &&
      phase.zeros.join() === borders[at] &&
      [...phase.strides, ...phase.dilations].every(step => step === 1),
  );
  return fits ? (phases as unknown as JoinedPhases) : undefined;
}

interface Tools {
  readonly writer: GraphWriter;
  readonly bytes: ByteWriter;
  readonly patches: PatchWriter;
  readonly bits: KernelBits;
}

/** The larger image, in float32, called `name`. */
export function writeJoined(tools: Tools, phases: JoinedPhases, into: ChannelRanges, name: string): void {
  const { writer, patches, bits } = tools;
  const [first] = phases;
  const [outputs, inputs] = first.kernel.dims as [number, number];
  // The border is there before values become bytes, so that each channel may have a zero of its own.
  const around = writer.node('Pad', [first.input, writer.integers([0, 0, 1, 1, 0, 0, 1, 1])]);
  const scales = asymmetricScales(into);
  const kernel = quantiseKernel(stacked(phases), 4 * outputs, scales, bits);
  const { bytes, factor } = tools.bytes.of(around, scales, true);
  const { rows, size } = patches.of({ ...first, input: around, zeros: [0, 0, 0, 0] }, bytes, 0);
  const columns = writer.signedBytes([4 * inputs, 4 * outputs], asColumns(kernel.bytes, 4 * outputs, 4));
  const sums = writer.node('MatMulInteger', [rows, columns]);
  const floats = writer.node('Cast', [sums], [integerAttribute('to', TensorProto_DataType.FLOAT)]);
  const scaled = writer.node('Mul', [floats, tools.bytes.scaled(kernel.scales, factor)]);
  const ofZeros = kernel.scales.map((scale, at) => -scale * kernel.offsets[at]!);
  const values = writer.node('Add', [scaled, tools.bytes.scaled(ofZeros, factor)]);
  const { places, sides } = placesOf(writer, size);
  const parts = writer.node('Reshape', [values, writer.integers([0, -1, outputs])]);
  const byPixel = writer.node('Gather', [parts, places], [axis(1)]);
  const byChannel = writer.node('Transpose', [byPixel], [order(0, 2, 1)]);
  const shape = writer.node('Concat', [writer.integers([0, outputs]), sides], [axis(0)]);
  writer.node('Reshape', [byChannel, shape], [], name);
}

/** `[phase · out, in, 2, 2]` */
function stacked(phases: JoinedPhases): Float32Array {
  const all = new Float32Array(phases.reduce((length, { kernel }) => length + kernel.data.length, 0));
  for (const [phase, { kernel }] of phases.entries()) all.set(kernel.data, phase * kernel.data.length);
  return all;
}

/**
 * Pixel (y, x) of the larger image is phase (y mod 2, x mod 2) of the window at (⌊(y + 1) / 2⌋, ⌊(x + 1) / 2⌋).
 * @param size `[2]`: how many windows there are below and beside each other
 * @returns of each pixel, row by row, its place among the parts of all windows; and how high and wide the image is
 */
function placesOf(writer: GraphWriter, size: string): { readonly places: string; readonly sides: string } {
  const [one, two, four] = [1, 2, 4].map(value => writer.integer(value)) as [string, string, string];
  const sides = writer.node('Mul', [writer.node('Sub', [size, one]), two]);
  const along = (side: 0 | 1, windowStep: string, phaseStep: string) => {
    const length = writer.node('Gather', [sides, writer.integer(side)]);
    const pixels = writer.node('Range', [writer.integer(0), length, one]);
    const window = writer.node('Div', [writer.node('Add', [pixels, one]), two]);
    const phase = writer.node('Mod', [pixels, two]);
    return writer.node('Add', [writer.node('Mul', [window, windowStep]), writer.node('Mul', [phase, phaseStep])]);
  };
  const wide = writer.node('Mul', [writer.node('Gather', [size, one]), four]);
  const [down, across] = [along(0, wide, two), along(1, four, one)];
  const table = writer.node('Add', [writer.node('Unsqueeze', [down, writer.integers([1])]), across]);
  return { places: writer.node('Reshape', [table, writer.integers([-1])]), sides };
}
