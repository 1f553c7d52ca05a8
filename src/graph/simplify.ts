/**
 * Peephole rules applied as nodes are emitted: neutral elements vanish, broadcasts that the next operation would do
 * anyway are skipped. Gradient rules stay plain formulas because of these.
 */
import { type Shape, sameShape } from './dimension.js';
import type { Attributes, OpName } from './operations.js';
import type { Tensor } from './tensor.js';

/** A tensor equal to the operation's result, or other inputs for it, or undefined: emit as it is. */
export function simplify<O extends OpName>(
  op: O,
  inputs: readonly Tensor[],
  attributes: Attributes<O>,
  shape: Shape,
): Tensor | readonly Tensor[] | undefined {
  switch (op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return neutral(op, inputs, shape) ?? withoutBroadcasts(inputs, shape);
    case 'broadcast':
    case 'reshape':
      return sameShape(inputs[0]!.shape, shape) ? inputs[0] : undefined;
    case 'neg':
      return inputs[0]!.node.op === 'neg' ? inputs[0]!.builder.tensor(inputs[0]!.node.inputs[0]!) : undefined;
    case 'transpose': {
      const { permutation } = attributes as Attributes<'transpose'>;
      return permutation.every((axis, index) => axis === index) ? inputs[0] : undefined;
    }
    case 'concat':
      return inputs.length === 1 ? inputs[0] : undefined;
    case 'pad': {
      const { before, after } = attributes as Attributes<'pad'>;
      return [...before, ...after].every(cells => cells === 0) ? inputs[0] : undefined;
    }
    case 'slice':
      return sameShape(inputs[0]!.shape, shape) ? inputs[0] : undefined;
    case 'reflectPad':
    case 'reflectPadGrad':
      return (attributes as Attributes<'reflectPad'>).padding.every(cells => cells === 0) ? inputs[0] : undefined;
    default:
      return undefined;
  }
}

function neutral(op: 'add' | 'sub' | 'mul' | 'div', [a, b]: readonly Tensor[], shape: Shape): Tensor | undefined {
  const element = op === 'add' || op === 'sub' ? 0 : 1;
  if (isConstant(b!, element) && sameShape(a!.shape, shape)) return a;
  const commutes = op === 'add' || op === 'mul';
  if (commutes && isConstant(a!, element) && sameShape(b!.shape, shape)) return b;
  return undefined;
}

/** `broadcast(x) + y` is `x + y` where y alone already has the result's shape. */
function withoutBroadcasts([a, b]: readonly Tensor[], shape: Shape): readonly Tensor[] | undefined {
  if (a!.node.op === 'broadcast' && sameShape(b!.shape, shape)) return [sourceOf(a!), b!];
  if (b!.node.op === 'broadcast' && sameShape(a!.shape, shape)) return [a!, sourceOf(b!)];
  return undefined;
}

function sourceOf(tensor: Tensor): Tensor {
  return tensor.builder.tensor(tensor.node.inputs[0]!);
}

function isConstant(tensor: Tensor, value: number): boolean {
  const { node } = tensor;
  return node.op === 'constant' && node.attributes.data.every(element => element === value);
}
