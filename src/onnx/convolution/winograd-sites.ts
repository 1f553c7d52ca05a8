/**
 * Which convolutions of a graph Winograd computes, and with what around them: a mirrored border before a convolution, and
 * its adjoint behind an image gradient, go into the transforms. The nodes that are passed over stay where they are; the
 * emitter leaves out those that nothing reads.
 */
import type { Attributes, Node, NodeId, Padding } from '../../graph/index.js';
import type { ValueName } from '../emitter.js';
import type { Site } from '../site.js';
import { convolved, imageGradient, kernelGradient, type Tiling, tilingOf } from './winograd.js';

const unmirrored: Padding = [0, 0, 0, 0];

/** Undefined, here and below, where the general lowering is to be used. */
export function winogradConv2d(site: Site<'conv2d'>): ValueName | undefined {
  const { emitter, inputs, inputShapes, attributes } = site;
  if (emitter.isFixed(inputs[1]!)) return undefined;
  const source = sourceOf(site, site.inputNodes[0]!);
  const { stride, padding: zeros } = attributes;
  const tiling = tilingOf(site, { ...source, kernel: inputShapes[1]!, stride, zeros });
  return tiling && convolved(tiling, source.value, inputs[1]!);
}

export function winogradInputGrad(site: Site<'conv2dInputGrad'>): ValueName | undefined {
  const { emitter, inputs, inputShapes, attributes, shape } = site;
  if (emitter.isFixed(inputs[1]!)) return undefined;
  const { stride, padding: zeros } = attributes;
  const image = { kernel: inputShapes[1]!, image: shape, mirrored: unmirrored, stride, zeros };
  const tiling = tilingOf(site, image);
  return tiling && imageGradient(tiling, inputs[0]!, inputs[1]!);
}

/** Of an image gradient. */
export function winogradReflectPadGrad(site: Site<'reflectPadGrad'>): ValueName | undefined {
  const { emitter, graph, names, attributes, shape } = site;
  const inner = graph.nodes[site.inputNodes[0]!]!;
  if (!isOp(inner, 'conv2dInputGrad')) return undefined;
  const [dy, w] = inner.inputs as readonly [NodeId, NodeId];
  if (emitter.isFixed(names[w]!)) return undefined;
  const { stride, padding: zeros } = inner.attributes;
  const kernel = graph.nodes[w]!.shape;
  const tiling = tilingOf(site, { kernel, image: shape, mirrored: attributes.padding, stride, zeros });
  return tiling && imageGradient(tiling, names[dy]!, names[w]!);
}

/** The sum of gradients of one kernel. */
export function winogradWeightGradSum(sites: readonly Site<'conv2dWeightGrad'>[]): ValueName | undefined {
  const applications = sites.map(site => {
    const source = sourceOf(site, site.inputNodes[0]!);
    const { stride, padding: zeros } = site.attributes;
    const tiling = tilingOf(site, { ...source, kernel: site.shape, stride, zeros });
    return { tiling, x: source.value, dy: site.inputs[1]! };
  });
  const chosen = applications.filter(
    (one): one is typeof one & { readonly tiling: Tiling } => one.tiling !== undefined,
  );
  return chosen.length === sites.length ? kernelGradient(chosen) : undefined;
}

/** The image that a node shows, looking through a mirrored border. */
function sourceOf({ graph, names }: Pick<Site<'conv2d'>, 'graph' | 'names'>, id: NodeId) {
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
