/**
 * conv2dWeightGrad in ONNX: one side is unfolded to `[channels·kh·kw, h·w]` and multiplied with the other as a Gemm, the
 * side with fewer channels where that is possible. Rows are ordered channel first, so that the product is the kernel's
 * gradient as it lies, without a transposition. Gradients of one kernel that are added up (a network applied to several
 * images) are added inside the Gemms; on WebGPU, in slices beside each other (product-of-slices.ts).
 */
import { numericShape, type Padding } from '../../graph/index.js';
import type { OnnxEmitter, ValueName } from '../emitter.js';
import type { LoweringContext, LoweringTarget } from '../lowering-context.js';
import { sliceAxis } from '../padding.js';
import { splitInto } from '../splitting.js';
import { farFewer } from './geometry.js';
import { type Product, productOfSlices } from './product-of-slices.js';
import { winogradWeightGradSum } from './winograd-lowering.js';

export function lowerConv2dWeightGrad(context: LoweringContext<'conv2dWeightGrad'>): ValueName {
  return lowerWeightGradSum([context]);
}

/** The sum of gradients of one kernel shape; stride, padding and kernel are the same for all. */
export function lowerWeightGradSum(contexts: readonly LoweringContext<'conv2dWeightGrad'>[]): ValueName {
  const tiled = winogradWeightGradSum(contexts);
  if (tiled !== undefined) return tiled;
  const [first] = contexts as readonly [LoweringContext<'conv2dWeightGrad'>];
  const [k, c] = numericShape(first.shape, 'conv2dWeightGrad in ONNX');
  const images = contexts.flatMap(imagesOf);
  if (images.every(unfoldsGradient)) return gradientUnfolded(images, [k!, c!]);
  const product = accumulated(images, image => ({
    factors: [rowsOf(image, image.dy, k!), unfoldedInput(image, c!)],
    sizes: [k!, c! * image.kernel[0] * image.kernel[1]],
    cells: image.dyShape[2]! * image.dyShape[3]!,
  }));
  return first.emitter.node('Reshape', [product, first.emitter.integers(numericShape(first.shape, 'A kernel'))]);
}

/** One image of a batch: x `[1, c, h, w]` and dy `[1, k, h', w']`. */
interface Image {
  readonly emitter: OnnxEmitter;
  readonly target: LoweringTarget;
  readonly x: ValueName;
  readonly dy: ValueName;
  readonly xShape: readonly number[];
  readonly dyShape: readonly number[];
  readonly stride: readonly [number, number];
  readonly padding: Padding;
  readonly kernel: readonly [number, number];
}

function imagesOf({ emitter, target, inputs, inputShapes, attributes }: LoweringContext<'conv2dWeightGrad'>): Image[] {
  const [xShape, dyShape] = inputShapes.map(shape => numericShape(shape, 'conv2dWeightGrad in ONNX'));
  const batch = xShape![0]!;
  const pick = (value: ValueName, index: number) => {
    if (batch === 1) return value;
    if (target === 'webgpu') return splitInto(emitter, value, 0, Array<number>(batch).fill(1))[index]!;
    return emitter.shared(`image ${index} of ${value}`, () => sliceAxis(emitter, value, 0, index, index + 1));
  };
  return Array.from({ length: batch }, (_, index) => ({
    emitter,
    target,
    x: pick(inputs[0]!, index),
    dy: pick(inputs[1]!, index),
    xShape: [1, ...xShape!.slice(1)],
    dyShape: [1, ...dyShape!.slice(1)],
    ...attributes,
  }));
}

/** Of each image a product `a · bᵀ`, with a `[m, cells]` and b `[n, cells]`; all are added up. */
function accumulated(images: readonly Image[], product: (image: Image) => Product): ValueName {
  const { emitter, target } = images[0]!;
  const products = images.map(product);
  const sliced = target === 'webgpu' ? productOfSlices(emitter, products) : undefined;
  return sliced ?? chainOfProducts(emitter, products);
}

/** Each product is added to the sum of those before it. */
function chainOfProducts(emitter: OnnxEmitter, products: readonly Product[]): ValueName {
  return products.reduce<ValueName | undefined>(
    (sum, { factors }) => emitter.node('Gemm', sum === undefined ? factors : [...factors, sum], { transB: 1 }),
    undefined,
  )!;
}

/** Stride 1 and far fewer channels in dy. */
function unfoldsGradient({ stride, xShape, dyShape }: Image): boolean {
  return stride.every(step => step === 1) && farFewer(dyShape[1]!, xShape[1]!);
}

/** `[k·kh·kw, H·W] × [c, H·W]ᵀ` over the padded image of H × W cells, then channels to their places. */
function gradientUnfolded(images: readonly Image[], [k, c]: readonly [number, number]): ValueName {
  const { emitter, kernel } = images[0]!;
  const [kh, kw] = kernel;
  const product = accumulated(images, image => ({
    factors: [unfoldedGradient(image, k), rowsOf(image, padded(image), c)],
    sizes: [k * kh * kw, c],
    cells: paddedSize(image).reduce((cells, side) => cells * side),
  }));
  const split = emitter.node('Reshape', [product, emitter.integers([k, kh * kw, c])]);
  const swapped = emitter.node('Transpose', [split], { perm: [0, 2, 1] });
  return emitter.node('Reshape', [swapped, emitter.integers([k, c, kh, kw])]);
}

/** `[1, channels, …]` → `[channels, rest]`. */
function rowsOf({ emitter }: Image, value: ValueName, channels: number): ValueName {
  return emitter.node('Reshape', [value, emitter.integers([channels, -1])]);
}

function padded({ emitter, x, padding: [top, left, bottom, right] }: Image): ValueName {
  if (top + left + bottom + right === 0) return x;
  return emitter.shared(`padded ${x} ${[top, left, bottom, right]}`, () =>
    emitter.node('Pad', [x, emitter.integers([0, 0, top, left, 0, 0, bottom, right])]),
  );
}

/** Height and width of the padded image. */
function paddedSize({ xShape, padding: [top, left, bottom, right] }: Image): readonly [number, number] {
  return [xShape[2]! + top + bottom, xShape[3]! + left + right];
}

function unfoldedInput(image: Image, c: number): ValueName {
  const { emitter, x, dyShape, stride, padding, kernel } = image;
  return emitter.shared(`unfolded ${x} ${stride} ${padding} ${kernel}`, () => {
    const dense = stride.every(step => step === 1);
    const unfolded =
      dense && kernel[0] * kernel[1] > maxSlicedKernel
        ? sliced(image, padded(image), c, [dyShape[2]!, dyShape[3]!], false)
        : picked(image, c);
    return emitter.node('Reshape', [unfolded, emitter.integers([c * kernel[0] * kernel[1], -1])]);
  });
}

/** Every cell of the padded image against the cell of dy that kernel cell (a, b) led it to. */
function unfoldedGradient(image: Image, k: number): ValueName {
  const { emitter, dy, kernel } = image;
  const [kh, kw] = kernel;
  const around = [0, 0, kh - 1, kw - 1];
  const spread = emitter.node('Pad', [dy, emitter.integers([...around, ...around])]);
  const unfolded = sliced(image, spread, k, paddedSize(image), true);
  return emitter.node('Reshape', [unfolded, emitter.integers([k * kh * kw, -1])]);
}

/** Kernels of more cells are unfolded by slices: picking multiplies every value by all of the kernel's cells. */
const maxSlicedKernel = 16;

/**
 * Unfolding as a convolution with one kernel for each cell that holds a single one: ONNX Runtime pads, strides and
 * threads it, and needs no node per cell. The channels are groups; on WebGPU, whose provider mixes groups up where their
 * results are no multiple of four, they are images of a batch, which gives the same values in the same order.
 */
function picked({ emitter, target, x, xShape, stride: strides, padding: pads, kernel }: Image, c: number): ValueName {
  const [kh, kw] = kernel;
  const cells = kh * kw;
  const groups = target === 'webgpu' ? 1 : c;
  const ones = emitter.shared(`cells ${groups} ${kh} ${kw}`, () => {
    const data = new Float32Array(groups * cells * cells);
    for (let row = 0; row < groups * cells; row++) data[row * cells + (row % cells)] = 1;
    return emitter.floats(data, [groups * cells, 1, kh, kw]);
  });
  if (target === 'any') return emitter.node('Conv', [x, ones], { group: c, strides, pads });
  const apart = emitter.node('Reshape', [x, emitter.integers([c, 1, xShape[2]!, xShape[3]!])]);
  return emitter.node('Conv', [apart, ones], { strides, pads });
}

/**
 * Unfolding by slices, `size` cells each: first the columns of the kernel, then, in whole blocks, its rows. `backwards`
 * starts from the last cell.
 */
function sliced(
  { emitter, kernel: [kh, kw] }: Image,
  x: ValueName,
  channels: number,
  [height, width]: readonly [number, number],
  backwards: boolean,
): ValueName {
  const offsets = (cells: number) => Array.from({ length: cells }, (_, cell) => (backwards ? cells - 1 - cell : cell));
  const image = emitter.node('Reshape', [x, emitter.integers([channels, 1, height + kh - 1, width + kw - 1])]);
  const columns = offsets(kw).map(start => sliceAxis(emitter, image, 3, start, start + width));
  const wide = emitter.node('Concat', columns, { axis: 1 });
  const flat = emitter.node('Reshape', [wide, emitter.integers([channels, 1, kw, (height + kh - 1) * width])]);
  const rows = offsets(kh).map(start => sliceAxis(emitter, flat, 3, start * width, (start + height) * width));
  return emitter.node('Concat', rows, { axis: 1 });
}
