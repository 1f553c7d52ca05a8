/**
 * conv2dInputGrad in ONNX, which is also the transposed convolution. ConvTranspose in general; a Conv with the rotated
 * kernel where dy is dense and large, or has far fewer channels than the result; and for fixed kernels that double the size (upsampling layers
 * of exported generators) a sub-pixel convolution: one Conv for each of the four phases, interleaved by DepthToSpace, so that
 * nothing is multiplied by inserted zeros and every runtime's fastest Conv does the work.
 */
import { formatShape, numericShape, type Padding } from '../../graph/index.js';
import type { ValueName } from '../emitter.js';
import type { LoweringContext, LoweringTarget } from '../lowering-context.js';
import { farFewer, gatheredKernel, gradientPadding, kernelSize, rotatedKernel } from './geometry.js';
import { winogradInputGrad } from './winograd-lowering.js';

export function lowerConv2dInputGrad(context: LoweringContext<'conv2dInputGrad'>): ValueName {
  const tiled = winogradInputGrad(context);
  if (tiled !== undefined) return tiled;
  if (unfoldsGradient(context)) return rotatedKernelConv(context);
  const phases = context.emitter.isFixed(context.inputs[1]!) ? doublingPhases(context) : undefined;
  return phases ? subPixel(context, phases) : transposedConv(context);
}

function transposedConv({
  emitter,
  inputs,
  inputShapes,
  attributes,
  shape,
}: LoweringContext<'conv2dInputGrad'>): ValueName {
  const { stride, padding } = attributes;
  const extra = outputPadding({ inputShapes, attributes, shape });
  return emitter.node('ConvTranspose', inputs, { strides: stride, pads: padding, output_padding: extra });
}

function unfoldsGradient(context: LoweringContext<'conv2dInputGrad'>): boolean {
  const { stride, padding } = context.attributes;
  const [k, c, kh, kw] = numericShape(context.inputShapes[1]!, 'A kernel');
  const dense = stride.every(step => step === 1);
  const pays = farFewer(k!, c!) || (!farFewer(c!, k!) && isLarge(context));
  return dense && pays && gradientPadding(padding, [kh!, kw!]).every(cells => cells >= 0);
}

/**
 * Gradients of fewer cells are folded faster by ConvTranspose: around a small dy much of what a Conv multiplies is the
 * zeros of its padding. On a CPU folding is one thread's work, for each image, and from here on takes longer than those. On a
 * graphics card both use all of it, and images of a batch fill it together: on an NVIDIA H200, of 128 channels, Conv takes 194 µs where
 * ConvTranspose takes 137 at 32², 199 and 240 for two of them, 236 and 398 at 64².
 */
const minUnfoldedElements: Readonly<Record<LoweringTarget, number>> = { any: 24 ** 2, webgpu: 2 * 32 ** 2 };

/** Only for a kernel that changes: a fixed one stays the transposed convolution that it was written as. */
function isLarge({ emitter, target, inputs, inputShapes }: LoweringContext<'conv2dInputGrad'>): boolean {
  const [batch, , height, width] = inputShapes[0]!;
  if (emitter.isFixed(inputs[1]!)) return false;
  const beside = target === 'webgpu' ? batch : 1;
  if (typeof height !== 'number' || typeof width !== 'number' || typeof beside !== 'number') return false;
  return beside * height * width >= minUnfoldedElements[target];
}

function rotatedKernelConv({
  emitter,
  inputs,
  inputShapes,
  attributes,
}: LoweringContext<'conv2dInputGrad'>): ValueName {
  const rotated = rotatedKernel(emitter, inputs[1]!, inputShapes[1]!);
  const pads = gradientPadding(attributes.padding, kernelSize(inputShapes[1]!));
  return emitter.node('Conv', [inputs[0]!, rotated], { pads });
}

/** One axis of a phase: the kernel cells that meet its results, and the cells of dy around them. */
interface Phase {
  readonly cells: readonly number[];
  readonly before: number;
  readonly after: number;
}

/**
 * Of the result's cells y ≡ phase (mod 2). Cell y collects dy[i]·w[a] with 2i + a = y + padding, so these a are
 * ≡ phase + padding; i runs backwards as a grows, so the cells are listed from last to first.
 */
function phaseOf(phase: number, kernel: number, padding: number): Phase {
  const cells: number[] = [];
  for (let a = (phase + padding) % 2; a < kernel; a += 2) cells.unshift(a);
  const before = cells.length - 1 - Math.floor((phase + padding) / 2);
  return { cells, before, after: cells.length - 1 - before };
}

/** Even and odd rows, even and odd columns; undefined unless the result is twice dy and no window needs cropping. */
function doublingPhases(
  context: LoweringContext<'conv2dInputGrad'>,
): readonly [down: readonly Phase[], across: readonly Phase[]] | undefined {
  const { stride, padding } = context.attributes;
  const [kh, kw] = kernelSize(context.inputShapes[1]!);
  const extra = outputPadding(context);
  const doubles =
    stride.every(step => step === 2) &&
    kh - padding[0] - padding[2] + extra[0] === 2 &&
    kw - padding[1] - padding[3] + extra[1] === 2;
  const down = [0, 1].map(phase => phaseOf(phase, kh, padding[0]));
  const across = [0, 1].map(phase => phaseOf(phase, kw, padding[1]));
  const whole = [...down, ...across].every(({ cells, before, after }) => cells.length > 0 && before >= 0 && after >= 0);
  return doubles && whole ? [down, across] : undefined;
}

function subPixel(
  { emitter, inputs, inputShapes }: LoweringContext<'conv2dInputGrad'>,
  [down, across]: readonly [readonly Phase[], readonly Phase[]],
): ValueName {
  const phases = down.flatMap(rows =>
    across.map(columns => {
      const kernel = gatheredKernel(emitter, inputs[1]!, inputShapes[1]!, rows.cells, columns.cells);
      const pads: Padding = [rows.before, columns.before, rows.after, columns.after];
      return emitter.node('Conv', [inputs[0]!, kernel], { pads });
    }),
  );
  const stacked = emitter.node('Concat', phases, { axis: 1 });
  return emitter.node('DepthToSpace', [stacked], { blocksize: 2, mode: 'DCR' });
}

/** `size - ((dy - 1) · stride - padding + kernel)` per axis; of symbolic sizes, by their offsets. */
function outputPadding({
  inputShapes,
  attributes,
  shape,
}: Pick<LoweringContext<'conv2dInputGrad'>, 'inputShapes' | 'attributes' | 'shape'>): [number, number] {
  const { stride, padding } = attributes;
  const [dy, w] = inputShapes;
  const [kh, kw] = kernelSize(w!);
  const extra = (axis: number, steps: number, cells: number, around: number) => {
    const [size, source] = [shape[axis]!, dy![axis]!];
    if (typeof size === 'number' && typeof source === 'number') return size - ((source - 1) * steps - around + cells);
    if (typeof size === 'number' || typeof source === 'number') {
      throw new Error(
        `conv2dInputGrad from ${formatShape(dy!)} to ${formatShape(shape)}: one size is symbolic, one not`,
      );
    }
    return size.offset - ((source.offset - 1) * steps - around + cells);
  };
  return [extra(2, stride[0], kh, padding[0] + padding[2]), extra(3, stride[1], kw, padding[1] + padding[3])];
}
