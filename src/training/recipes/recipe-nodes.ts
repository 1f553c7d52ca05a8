/** Nodes of a recipe that is data, as tensors of a phase's graph. A fault of shapes is told with the node that has it. */

import {
  abs,
  add,
  binaryCrossEntropyWithLogits,
  concat,
  div,
  exp,
  leakyRelu,
  log,
  mean,
  meanAbsoluteError,
  meanSquaredError,
  mul,
  neg,
  type Operand,
  relu,
  scalar,
  sigmoid,
  sign,
  slice,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
} from '../../graph/index.js';
import type { RecipeNode, RecipeOperand } from '../../plugin-api/index.js';
import { gradientPenalty } from './gradient-penalty.js';
import { discriminatorLoss, generatorLoss } from './losses.js';
import type { PhaseContext } from './recipe.js';

const unary = { neg, abs, sign, exp, log, sqrt, square, tanh, sigmoid, softplus, relu } as const;
const binary: Readonly<Record<'add' | 'sub' | 'mul' | 'div', (a: Operand, b: Operand) => Tensor>> = {
  add,
  sub,
  mul,
  div,
};
const errors = { meanAbsoluteError, meanSquaredError } as const;

/** Each made of earlier ones, `a` and `b` included. @throws RangeError naming the node */
export function namedNodes(
  nodes: Readonly<Record<string, RecipeNode>>,
  context: PhaseContext,
  place: string,
): ReadonlyMap<string, Tensor> {
  const made = new Map<string, Tensor>([
    ['a', context.a],
    ['b', context.b],
  ]);
  for (const [name, node] of Object.entries(nodes)) {
    try {
      made.set(name, tensorOf(node, name, made, context));
    } catch (error) {
      throw new RangeError(`${place}, node ${name} (${node.op}): ${(error as Error).message}`);
    }
  }
  return made;
}

/** @throws RangeError for more than one value */
export function scalarNode(x: Tensor, place: string): Tensor {
  if (x.shape.every(side => side === 1)) return x.shape.length === 0 ? x : scalar(x);
  throw new RangeError(
    `${place}: it has the shape [${x.shape.join(', ')}], where one value is expected: take its mean`,
  );
}

function tensorOf(node: RecipeNode, name: string, made: ReadonlyMap<string, Tensor>, context: PhaseContext): Tensor {
  const at = (id: string) => made.get(id)!;
  const operand = (id: RecipeOperand): Operand => (typeof id === 'number' ? id : at(id));
  switch (node.op) {
    case 'apply':
      return context.apply(node.network, at(node.of[0]));
    case 'augment':
      return context.augmented(name, at(node.of[0]));
    case 'detach':
      return context.detach(at(node.of[0]));
    case 'earlier':
      return context.earlierOutput(node.output, at(node.of[0]).shape as readonly number[]);
    case 'leakyRelu':
      return leakyRelu(at(node.of[0]), node.slope);
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
      return combined(binary[node.op], operand(node.of[0]), operand(node.of[1]));
    case 'sum':
    case 'mean': {
      const reduce = node.op === 'sum' ? sum : mean;
      return node.axes === undefined ? scalar(reduce(at(node.of[0]))) : reduce(at(node.of[0]), node.axes);
    }
    case 'meanAbsoluteError':
    case 'meanSquaredError':
      return errors[node.op](at(node.of[0]), operand(node.of[1]));
    case 'crossEntropy':
      return binaryCrossEntropyWithLogits(at(node.of[0]), node.target);
    case 'concat':
      return concat(node.of.map(at), node.axis);
    case 'slice':
      return part(at(node.of[0]), node.axis, node.start, node.stop);
    case 'generatorLoss':
      return generatorLoss(context.settings.loss, at(node.of[0]));
    case 'discriminatorLoss':
      return discriminatorLoss(context.settings.loss, at(node.of[0]), at(node.of[1]));
    case 'gradientPenalty':
      return gradientPenalty(context, node.network, at(node.of[0]), at(node.of[1]));
    case 'neg':
    case 'abs':
    case 'sign':
    case 'exp':
    case 'log':
    case 'sqrt':
    case 'square':
    case 'tanh':
    case 'sigmoid':
    case 'softplus':
    case 'relu':
      return unary[node.op](at(node.of[0]));
    default:
      return node satisfies never;
  }
}

function combined(operation: (a: Operand, b: Operand) => Tensor, a: Operand, b: Operand): Tensor {
  if (typeof a === 'number' && typeof b === 'number') throw new RangeError('one of the two must be a node');
  return operation(a, b);
}

/** Negative places count from the axis' end. */
function part(x: Tensor, axis: number, start: number, stop: number | undefined): Tensor {
  const shape = x.shape as readonly number[];
  const size = shape[axis];
  if (size === undefined) throw new RangeError(`there is no axis ${axis} in [${shape.join(', ')}]`);
  const from = start < 0 ? size + start : start;
  const to = stop === undefined ? size : stop < 0 ? size + stop : stop;
  if (!(from >= 0 && from < to && to <= size)) throw new RangeError(`${from} to ${to} is no part of ${size}`);
  return slice(
    x,
    shape.map((_, index) => (index === axis ? from : 0)),
    shape.map((side, index) => (index === axis ? to : side)),
  );
}
