/**
 * The three convolutions in ONNX. The forward one is Conv. The input gradient is a Conv with the kernel turned round
 * (stride 1), or one Conv per phase of the stride whose results are interleaved (sub-pixel convolution): nothing is
 * multiplied by inserted zeros. The weight gradient unfolds whichever side has fewer channels and is one Gemm.
 */
import { formatShape, numericShape, type Padding, type Shape } from '../graph/index.js';
import { sliceAxis } from './borders.js';
import type { OnnxEmitter, ValueName } from './emitter.js';
import type { Site } from './site.js';

export function lowerConv2d({ emitter, inputs, attributes: { stride, padding } }: Site<'conv2d'>): ValueName {
  return conv(emitter, inputs, stride, padding);
}

function conv(
  emitter: OnnxEmitter,
  inputs: readonly ValueName[],
  strides: readonly number[],
  pads: Padding,
): ValueName {
  return emitter.node('Conv', inputs, { strides, pads });
}

export function lowerConv2dInputGrad(site: Site<'conv2dInputGrad'>): ValueName {
  const [vertical, horizontal] = site.attributes.stride;
  return vertical === 1 && horizontal === 1 ? denseInputGrad(site) : subPixelInputGrad(site);
}

/** Stride 1: dy, padded by kernel - 1 - padding, convolved with the turned kernel. */
function denseInputGrad({ emitter, inputs, inputShapes, attributes }: Site<'conv2dInputGrad'>): ValueName {
  const [kh, kw] = kernelSize(inputShapes[1]!);
  const [top, left, bottom, right] = attributes.padding;
  const pads: Padding = [kh - 1 - top, kw - 1 - left, kh - 1 - bottom, kw - 1 - right];
  const turned = turnedKernel(emitter, inputs[1]!, inputShapes[1]!);
  if (pads.every(cells => cells >= 0)) return conv(emitter, [inputs[0]!, turned], [1, 1], pads);
  // More padding than kernel: the outermost results are of padding only and are not wanted.
  const kept = pads.map(cells => Math.max(0, cells)) as unknown as Padding;
  const whole = conv(emitter, [inputs[0]!, turned], [1, 1], kept);
  const crop = pads.map(cells => Math.min(0, cells));
  return emitter.node('Pad', [whole, emitter.integers([0, 0, crop[0]!, crop[1]!, 0, 0, crop[2]!, crop[3]!])]);
}

/** `[k, c, kh, kw]` → `[c, k, kh, kw]` with both spatial axes reversed. */
function turnedKernel(emitter: OnnxEmitter, w: ValueName, shape: Shape): ValueName {
  return emitter.shared(`turned ${w}`, () => {
    const [k, c, kh, kw] = numericShape(shape, 'A kernel');
    if (kh === 1 && kw === 1) return emitter.node('Transpose', [w], { perm: [1, 0, 2, 3] });
    const cells = kh! * kw!;
    const flat = emitter.node('Reshape', [w, emitter.integers([k!, c!, cells])]);
    const backwards = emitter.integers(Array.from({ length: cells }, (_, cell) => cells - 1 - cell));
    const reversed = emitter.node('Gather', [flat, backwards], { axis: 2 });
    const swapped = emitter.node('Transpose', [reversed], { perm: [1, 0, 2] });
    return emitter.node('Reshape', [swapped, emitter.integers([c!, k!, kh!, kw!])]);
  });
}

/** One axis of a phase: which kernel cells meet result cells ≡ phase (mod stride), and where dy starts for them. */
interface Phase {
  readonly cells: readonly number[];
  /** Cells of dy before the first result's window (negative: the window starts inside dy). */
  readonly before: number;
  readonly count: number;
}

/**
 * Result cell y collects dy[i]·w[a] with i·stride + a = y + padding. For y ≡ phase these a are ≡ phase + padding, one
 * in `stride`; i runs backwards as a grows, so the cells are listed from last to first.
 */
function phaseOf(phase: number, size: number, kernel: number, stride: number, padding: number): Phase {
  const offset = (phase + padding) % stride;
  const cells: number[] = [];
  for (let a = offset; a < kernel; a += stride) cells.unshift(a);
  const first = Math.floor((phase + padding) / stride);
  return { cells, before: cells.length - 1 - first, count: Math.ceil((size - phase) / stride) };
}

function subPixelInputGrad(site: Site<'conv2dInputGrad'>): ValueName {
  const { emitter, inputs, inputShapes, attributes } = site;
  const { stride, padding, size } = attributes;
  const symbolic = [...size, ...inputShapes[0]!].some(dimension => typeof dimension !== 'number');
  if (symbolic) return symbolicSubPixel(site);
  const [height, width] = numericShape(size, 'conv2dInputGrad');
  const [dyHeight, dyWidth] = numericShape(inputShapes[0]!.slice(2), 'conv2dInputGrad');
  const [kh, kw] = kernelSize(inputShapes[1]!);
  const [n, c] = site.shape as readonly number[];
  const rows: ValueName[] = [];
  for (let v = 0; v < stride[0]; v++) {
    const columns: ValueName[] = [];
    for (let h = 0; h < stride[1]; h++) {
      const down = phaseOf(v, height!, kh, stride[0], padding[0]);
      const across = phaseOf(h, width!, kw, stride[1], padding[1]);
      const count: [number, number] = [Math.ceil(height! / stride[0]), Math.ceil(width! / stride[1])];
      columns.push(phaseConv(emitter, inputs, inputShapes, down, across, [dyHeight!, dyWidth!], count, [n!, c!]));
    }
    rows.push(...columns);
  }
  return interleave(emitter, rows, site.shape as readonly number[], stride);
}

/** The results of one phase, `count` of them per axis (those past the end are cut off after interleaving). */
function phaseConv(
  emitter: OnnxEmitter,
  inputs: readonly ValueName[],
  shapes: readonly Shape[],
  down: Phase,
  across: Phase,
  dySize: readonly [number, number],
  count: readonly [number, number],
  [n, c]: readonly [number, number],
): ValueName {
  if (down.cells.length === 0 || across.cells.length === 0) return emitter.filled(0, [n, c, ...count]);
  const kernel = phaseKernel(emitter, inputs[1]!, shapes[1]!, down.cells, across.cells);
  const bottom = count[0] + down.cells.length - 1 - down.before - dySize[0];
  const right = count[1] + across.cells.length - 1 - across.before - dySize[1];
  const pads: Padding = [down.before, across.before, bottom, right];
  if (pads.every(cells => cells >= 0)) return conv(emitter, [inputs[0]!, kernel], [1, 1], pads);
  const padded = emitter.node('Pad', [inputs[0]!, emitter.integers([0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]])]);
  return conv(emitter, [padded, kernel], [1, 1], [0, 0, 0, 0]);
}

/** `[k, c, kh, kw]` → `[c, k, …]` with the given kernel rows and columns. */
function phaseKernel(
  emitter: OnnxEmitter,
  w: ValueName,
  shape: Shape,
  rows: readonly number[],
  columns: readonly number[],
): ValueName {
  return emitter.shared(`phase ${w} [${rows}] [${columns}]`, () => {
    const [k, c, kh, kw] = numericShape(shape, 'A kernel');
    const cells = rows.flatMap(row => columns.map(column => row * kw! + column));
    const flat = emitter.shared(`flat ${w}`, () => emitter.node('Reshape', [w, emitter.integers([k!, c!, kh! * kw!])]));
    const picked = emitter.node('Gather', [flat, emitter.integers(cells)], { axis: 2 });
    const swapped = emitter.node('Transpose', [picked], { perm: [1, 0, 2] });
    return emitter.node('Reshape', [swapped, emitter.integers([c!, k!, rows.length, columns.length])]);
  });
}

/** Phases `[n, c, h', w']` → `[n, c, h, w]`, phase (v, h) at rows v, v + stride, … and columns h, h + stride, …. */
function interleave(
  emitter: OnnxEmitter,
  phases: readonly ValueName[],
  shape: readonly number[],
  stride: readonly [number, number],
): ValueName {
  const [n, c, height, width] = shape;
  const [rows, columns] = [Math.ceil(height! / stride[0]), Math.ceil(width! / stride[1])];
  const stacked = emitter.node('Concat', phases, { axis: 1 });
  const split = emitter.node('Reshape', [stacked, emitter.integers([n!, stride[0], stride[1], c!, rows, columns])]);
  const woven = emitter.node('Transpose', [split], { perm: [0, 3, 4, 1, 5, 2] });
  const full = emitter.node('Reshape', [woven, emitter.integers([n!, c!, rows * stride[0], columns * stride[1]])]);
  if (rows * stride[0] === height && columns * stride[1] === width) return full;
  return sliceAxis(emitter, sliceAxis(emitter, full, 2, 0, height!), 3, 0, width!);
}

/** Symbolic sizes: phases stacked along the channels and spread by DepthToSpace, whose sizes are implied. */
function symbolicSubPixel({ emitter, inputs, inputShapes, attributes, shape }: Site<'conv2dInputGrad'>): ValueName {
  const { stride, padding } = attributes;
  const [kh, kw] = kernelSize(inputShapes[1]!);
  const [top, left, bottom, right] = padding;
  // The usual upsampling layers: twice the size out. Others go to ConvTranspose, which any runtime has.
  const extra = doubledExtra(shape, inputShapes[0]!, [kh, kw], padding, stride);
  if (extra) {
    const phases = [0, 1].flatMap(v => [0, 1].map(h => doubledPhase(emitter, inputs, inputShapes, padding, v, h)));
    const stacked = emitter.node('Concat', phases, { axis: 1 });
    return emitter.node('DepthToSpace', [stacked], { blocksize: 2, mode: 'DCR' });
  }
  return emitter.node('ConvTranspose', inputs, {
    strides: stride,
    pads: [top, left, bottom, right],
    output_padding: outputPadding(shape, inputShapes[0]!, [kh, kw], padding, stride),
  });
}

function doubledPhase(
  emitter: OnnxEmitter,
  inputs: readonly ValueName[],
  shapes: readonly Shape[],
  padding: Padding,
  v: number,
  h: number,
): ValueName {
  const [kh, kw] = kernelSize(shapes[1]!);
  const down = phaseOf(v, 2, kh, 2, padding[0]);
  const across = phaseOf(h, 2, kw, 2, padding[1]);
  const kernel = phaseKernel(emitter, inputs[1]!, shapes[1]!, down.cells, across.cells);
  const pads: Padding = [
    down.before,
    across.before,
    down.cells.length - 1 - down.before,
    across.cells.length - 1 - across.before,
  ];
  return conv(emitter, [inputs[0]!, kernel], [1, 1], pads);
}

/** True where stride is 2, the result is exactly twice the input and every phase's window fits without cropping. */
function doubledExtra(
  shape: Shape,
  dy: Shape,
  [kh, kw]: readonly [number, number],
  padding: Padding,
  stride: readonly [number, number],
): boolean {
  if (stride[0] !== 2 || stride[1] !== 2) return false;
  const [vertical, horizontal] = outputPadding(shape, dy, [kh, kw], padding, stride);
  const doubles = kh - padding[0] - padding[2] + vertical === 2 && kw - padding[1] - padding[3] + horizontal === 2;
  const fits = (kernel: number, before: number) =>
    [0, 1].every(phase => {
      const { cells, before: cellsBefore } = phaseOf(phase, 2, kernel, 2, before);
      return cells.length > 0 && cellsBefore >= 0 && cells.length - 1 - cellsBefore >= 0;
    });
  return doubles && fits(kh, padding[0]) && fits(kw, padding[1]);
}

/** `size - ((dy - 1) · stride - padding + kernel)`, read off the offsets of the affine sizes. */
function outputPadding(
  shape: Shape,
  dy: Shape,
  kernel: readonly [number, number],
  [top, left, bottom, right]: Padding,
  stride: readonly [number, number],
): [number, number] {
  const extra = (axis: number, steps: number, cells: number, padding: number) => {
    const [size, source] = [shape[axis]!, dy[axis]!];
    if (typeof size === 'number' && typeof source === 'number') return size - ((source - 1) * steps - padding + cells);
    if (typeof size === 'number' || typeof source === 'number') throw new Error(formatShape(shape));
    return size.offset - ((source.offset - 1) * steps - padding + cells);
  };
  return [extra(2, stride[0], kernel[0], top + bottom), extra(3, stride[1], kernel[1], left + right)];
}

export function lowerConv2dWeightGrad(site: Site<'conv2dWeightGrad'>): ValueName {
  const [, c] = numericShape(site.inputShapes[0]!, 'conv2dWeightGrad in ONNX');
  const [, k] = numericShape(site.inputShapes[1]!, 'conv2dWeightGrad in ONNX');
  const dense = site.attributes.stride.every(step => step === 1);
  return dense && k! < c! ? unfoldingGradient(site) : unfoldingInput(site);
}

/** `[k, n·h'·w'] × [kh·kw·c, n·h'·w']ᵀ`: each kernel cell's view of x, stacked. */
function unfoldingInput({ emitter, inputs, inputShapes, attributes }: Site<'conv2dWeightGrad'>): ValueName {
  const { stride, padding, kernel } = attributes;
  const [n, c] = numericShape(inputShapes[0]!, 'conv2dWeightGrad');
  const [, k, height, width] = numericShape(inputShapes[1]!, 'conv2dWeightGrad');
  const [kh, kw] = kernel;
  const length = n! * height! * width!;
  const unfolded = emitter.shared(`unfolded ${inputs[0]} ${stride} ${padding} ${kernel}`, () => {
    const padded = channelsFirst(emitter, padded2d(emitter, inputs[0]!, padding), n!);
    const views: ValueName[] = [];
    for (let row = 0; row < kh; row++) {
      for (let column = 0; column < kw; column++) {
        views.push(view(emitter, padded, [row, column], [height!, width!], stride));
      }
    }
    const stacked = views.length === 1 ? views[0]! : emitter.node('Concat', views, { axis: n === 1 ? 1 : 0 });
    return emitter.node('Reshape', [stacked, emitter.integers([kh * kw * c!, length])]);
  });
  const flat = flattened(emitter, inputs[1]!, n!, k!, length);
  const product = emitter.node('Gemm', [flat, unfolded], { transB: 1 });
  const split = emitter.node('Reshape', [product, emitter.integers([k!, kh * kw, c!])]);
  const swapped = emitter.node('Transpose', [split], { perm: [0, 2, 1] });
  return emitter.node('Reshape', [swapped, emitter.integers([k!, c!, kh, kw])]);
}

/** Stride 1, fewer channels in dy: dy is unfolded over the padded image instead, `[kh·kw·k, n·h·w] × [c, n·h·w]ᵀ`. */
function unfoldingGradient({ emitter, inputs, inputShapes, attributes }: Site<'conv2dWeightGrad'>): ValueName {
  const { padding, kernel } = attributes;
  const [n, c, xHeight, xWidth] = numericShape(inputShapes[0]!, 'conv2dWeightGrad');
  const [, k] = numericShape(inputShapes[1]!, 'conv2dWeightGrad');
  const [kh, kw] = kernel;
  const length = n! * (xHeight! + padding[0] + padding[2]) * (xWidth! + padding[1] + padding[3]);
  const around: Padding = [kh - 1, kw - 1, kh - 1, kw - 1];
  const dy = channelsFirst(emitter, padded2d(emitter, inputs[1]!, around), n!);
  const size: [number, number] = [xHeight! + padding[0] + padding[2], xWidth! + padding[1] + padding[3]];
  const views: ValueName[] = [];
  for (let row = 0; row < kh; row++) {
    for (let column = 0; column < kw; column++) {
      views.push(view(emitter, dy, [kh - 1 - row, kw - 1 - column], size, [1, 1]));
    }
  }
  const stacked = views.length === 1 ? views[0]! : emitter.node('Concat', views, { axis: n === 1 ? 1 : 0 });
  const unfolded = emitter.node('Reshape', [stacked, emitter.integers([kh * kw * k!, length])]);
  const x = flattened(emitter, padded2d(emitter, inputs[0]!, padding), n!, c!, length);
  const product = emitter.node('Gemm', [unfolded, x], { transB: 1 });
  const split = emitter.node('Reshape', [product, emitter.integers([kh * kw, k!, c!])]);
  const swapped = emitter.node('Transpose', [split], { perm: [1, 2, 0] });
  return emitter.node('Reshape', [swapped, emitter.integers([k!, c!, kh, kw])]);
}

function padded2d(emitter: OnnxEmitter, x: ValueName, [top, left, bottom, right]: Padding): ValueName {
  if (top + left + bottom + right === 0) return x;
  return emitter.shared(`padded ${x} ${top} ${left} ${bottom} ${right}`, () =>
    emitter.node('Pad', [x, emitter.integers([0, 0, top, left, 0, 0, bottom, right])]),
  );
}

/** `[n, c, h, w]` → `[c, n, h, w]`; a batch of one stays as it is. */
function channelsFirst(emitter: OnnxEmitter, x: ValueName, n: number): ValueName {
  if (n === 1) return x;
  return emitter.shared(`channels first ${x}`, () => emitter.node('Transpose', [x], { perm: [1, 0, 2, 3] }));
}

/** `[n, c, h, w]` → `[c, n·h·w]`. */
function flattened(emitter: OnnxEmitter, x: ValueName, n: number, c: number, length: number): ValueName {
  return emitter.node('Reshape', [channelsFirst(emitter, x, n), emitter.integers([c, length])]);
}

/** Every `stride`-th cell from `start` on, `size` of them, on the two last axes. */
function view(
  emitter: OnnxEmitter,
  x: ValueName,
  start: readonly [number, number],
  size: readonly [number, number],
  stride: readonly [number, number],
): ValueName {
  const stop = [0, 1].map(axis => start[axis]! + (size[axis]! - 1) * stride[axis]! + 1);
  return emitter.node('Slice', [
    x,
    emitter.integers(start),
    emitter.integers(stop),
    emitter.integers([2, 3]),
    emitter.integers(stride),
  ]);
}

function kernelSize(shape: Shape): readonly [number, number] {
  return numericShape(shape.slice(2), 'A kernel') as unknown as readonly [number, number];
}
