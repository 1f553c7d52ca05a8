/**
 * conv2d in ONNX: Conv, except in stride-1 layers with far fewer output than input channels, such as the last of a
 * generator. There Conv would unfold all its input for a handful of results. Kernels that change between runs go to
 * ConvTranspose, rotated, which spreads the few outputs; fixed ones compute four neighbouring results as channels.
 */
import { type Dimension, numericShape, type Padding } from '../../graph/index.js';
import type { OnnxEmitter, ValueName } from '../emitter.js';
import type { LoweringContext } from '../lowering-context.js';
import { farFewer, gradientPadding, kernelSize, rotatedKernel } from './geometry.js';
import { winogradConv2d } from './winograd-lowering.js';

export function lowerConv2d(context: LoweringContext<'conv2d'>): ValueName {
  const { emitter, inputs, attributes } = context;
  const { stride, padding } = attributes;
  const tiled = winogradConv2d(context);
  if (tiled !== undefined) return tiled;
  if (!hasFewOutputs(context)) return emitter.node('Conv', inputs, { strides: stride, pads: padding });
  if (!emitter.isFixed(inputs[1]!)) return spreadingOutputs(context) ?? plain(emitter, inputs, padding);
  return context.shape.slice(2).every(isEven) ? blocksOfFour(context) : plain(emitter, inputs, padding);
}

function plain(emitter: OnnxEmitter, inputs: readonly ValueName[], pads: Padding): ValueName {
  return emitter.node('Conv', inputs, { pads });
}

function hasFewOutputs({ inputShapes, attributes: { stride } }: LoweringContext<'conv2d'>): boolean {
  const [k, c, kh, kw] = numericShape(inputShapes[1]!, 'A kernel');
  return stride.every(step => step === 1) && kh! * kw! > 1 && farFewer(k!, c!);
}

/** Undefined where there is more padding than kernel. */
function spreadingOutputs({
  emitter,
  inputs,
  inputShapes,
  attributes,
}: LoweringContext<'conv2d'>): ValueName | undefined {
  const pads = gradientPadding(attributes.padding, kernelSize(inputShapes[1]!));
  if (pads.some(cells => cells < 0)) return undefined;
  return emitter.node('ConvTranspose', [inputs[0]!, rotatedKernel(emitter, inputs[1]!, inputShapes[1]!)], { pads });
}

/**
 * Results in blocks of 2 × 2: one stride-2 Conv whose channels are the four cells of a block, each with the kernel at its
 * own offset in a kernel one cell larger, then DepthToSpace. ONNX Runtime computes 16 channels at a time; three of them
 * leave the rest idle, twelve do not.
 */
function blocksOfFour({ emitter, inputs: [x, w], attributes: { padding } }: LoweringContext<'conv2d'>): ValueName {
  const kernels = emitter.shared(`blocks ${w}`, () => {
    const shifted = [0, 1].flatMap(down =>
      [0, 1].map(right => emitter.node('Pad', [w!, emitter.integers([0, 0, down, right, 0, 0, 1 - down, 1 - right])])),
    );
    return emitter.node('Concat', shifted, { axis: 0 });
  });
  const blocks = emitter.node('Conv', [x!, kernels], { strides: [2, 2], pads: padding });
  return emitter.node('DepthToSpace', [blocks], { blocksize: 2, mode: 'DCR' });
}

function isEven(dimension: Dimension): boolean {
  if (typeof dimension === 'number') return dimension % 2 === 0;
  const { multiple, numerator, denominator, offset } = dimension;
  return (multiple * numerator) % (2 * denominator) === 0 && offset % 2 === 0;
}
