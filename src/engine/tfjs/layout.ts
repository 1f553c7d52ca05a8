/**
 * In which order a tensor of four axes lies in TensorFlow.js. The tensor language says NCHW and `[k, c, kh, kw]`;
 * TensorFlow.js convolves NHWC images with `[kh, kw, c, k]` kernels. Tensors of other ranks always lie plainly. Only
 * the planner changes layouts; what the caller sees is plain.
 */
import type { Shape } from '../../graph/index.js';

/** `plain` as the language has it, `image` = NHWC, `kernel` = `[kh, kw, c, k]`. */
export type Layout = 'plain' | 'image' | 'kernel';

/** Place in memory → axis of the language. */
const orders: Readonly<Record<Layout, readonly number[]>> = {
  plain: [0, 1, 2, 3],
  image: [0, 2, 3, 1],
  kernel: [2, 3, 1, 0],
};

/** What lies per axis of the language, in the order in which it lies in memory. */
export function toLayout<T>(perAxis: readonly T[], layout: Layout): T[] {
  if (layout === 'plain') return [...perAxis];
  return orders[layout].map(axis => perAxis[axis]!);
}

/** Where an axis of the language lies in memory. */
export function axisInLayout(axis: number, layout: Layout): number {
  return layout === 'plain' ? axis : orders[layout].indexOf(axis);
}

/** The permutation that takes one layout to another, as transpose wants it. */
export function permutationBetween(from: Layout, to: Layout): number[] {
  return orders[to].map(axis => orders[from].indexOf(axis));
}

/** Whether both layouts hold the elements in one order, because the axes that change places have one cell each. */
export function hasSameOrder(shape: Shape, from: Layout, to: Layout): boolean {
  const filled = (layout: Layout) => orders[layout].filter(axis => shape[axis] !== 1);
  return `${filled(from)}` === `${filled(to)}`;
}

/** How the engine keeps a variable: those of four axes are kernels and their moments. */
export function layoutOfVariable(shape: readonly unknown[]): Layout {
  return shape.length === 4 ? 'kernel' : 'plain';
}
