/**
 * Which convolutions of a graph Winograd computes, and with what around them: a mirrored border before a convolution, and
 * its adjoint behind an image gradient, go into the transforms. The nodes that are passed over stay where they are; the
 * emitter leaves out those that nothing reads.
 */
import type { Attributes, Node, NodeId, Padding } from '../../graph/index.js';
import type { ValueName } from '../emitter.js';
import type { LoweringContext } from '../lowering-context.js';
import { convolved, imageGradient, kernelGradient, type Tiling, tilingOf } from './winograd.js';
import { convolvedInBlocks, paysForFixed } from './winograd-blocks.js';

const unmirrored: Padding = [0, 0, 0, 0];

/** Undefined, here and below, where the general lowering is to be used. */
export function winogradConv2d(context: LoweringContext<'conv2d'>): ValueName | undefined {
  const { emitter, tailored, inputs, inputShapes, attributes } = context;
  const isFixed = emitter.isFixed(inputs[1]!);
  if (isFixed && !tailored) return undefined;
  const source = sourceOf(context, context.inputNodes[0]!);
  const { stride, padding: zeros } = attributes;
  const tiling = tilingOf(context, { ...source, kernel: inputShapes[1]!, stride, zeros });
  if (!tiling || (isFixed && !paysForFixed(tiling))) return undefined;
  if (!isFixed || !tailored) return convolved(tiling, source.value, inputs[1]!);
  tailored.tiled++;
  return convolvedInBlocks(tiling, source.value, inputs[1]!);
}

export function winogradInputGrad(context: LoweringContext<'conv2dInputGrad'>): ValueName | undefined {
  const { emitter, inputs, inputShapes, attributes, shape } = context;
  if (emitter.isFixed(inputs[1]!)) return undefined;
  const { stride, padding: zeros } = attributes;
  const image = { kernel: inputShapes[1]!, image: shape, mirrored: unmirrored, stride, zeros };
  const tiling = tilingOf(context, image);
  return tiling && imageGradient(tiling, inputs[0]!, inputs[1]!);
}

/** Of an image gradient. */
export function winogradReflectPadGrad(context: LoweringContext<'reflectPadGrad'>): ValueName | undefined {
  const { emitter, graph, names, attributes, shape } = context;
  const inner = graph.nodes[context.inputNodes[0]!]!;
  if (!isOp(inner, 'conv2dInputGrad')) return undefined;
  const [dy, w] = inner.inputs as readonly [NodeId, NodeId];
  if (emitter.isFixed(names[w]!)) return undefined;
  const { stride, padding: zeros } = inner.attributes;
  const kernel = graph.nodes[w]!.shape;
  const tiling = tilingOf(context, { kernel, image: shape, mirrored: attributes.padding, stride, zeros });
  return tiling && imageGradient(tiling, names[dy]!, names[w]!);
}

/** The sum of gradients of one kernel. */
export function winogradWeightGradSum(contexts: readonly LoweringContext<'conv2dWeightGrad'>[]): ValueName | undefined {
  const applications = contexts.map(context => {
    const source = sourceOf(context, context.inputNodes[0]!);
    const { stride, padding: zeros } = context.attributes;
    const tiling = tilingOf(context, { ...source, kernel: context.shape, stride, zeros });
    return { tiling, x: source.value, dy: context.inputs[1]! };
  });
  const chosen = applications.filter(
    (one): one is typeof one & { readonly tiling: Tiling } => one.tiling !== undefined,
  );
  return chosen.length === contexts.length ? kernelGradient(chosen) : undefined;
}

/** The image that a node shows, looking through a mirrored border. */
function sourceOf({ graph, names }: Pick<LoweringContext<'conv2d'>, 'graph' | 'names'>, id: NodeId) {
  const node = graph.nodes[id]!;
  if (!isOp(node, 'reflectPad')) return { value: names[id]!, image: node.shape, mirrored: unmirrored };
  const [inner] = node.inputs as readonly [NodeId];
  return { value: names[inner]!, image: graph.nodes[inner]!.shape, mirrored: node.attributes.padding };
}

function isOp<O extends 'reflectPad' | 'conv2dInputGrad'>(
  node: Node,
  op: O,
): node is Node & { readonly op: O; readonly attributes: Attributes<O> } {
  return node.op === op;
}
