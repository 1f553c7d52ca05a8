/**
 * Phases of an image, each every second pixel of it, put between each other for one size. ONNX Runtime's DepthToSpace
 * takes pixel by pixel; two Concats, of columns and then of whole rows, take half of its time (docs/performance.md).
 */
import { depthToSpaceAt, type NodeId, numericShape } from '../graph/index.js';
import type { OnnxEmitter, ValueName } from './emitter.js';
import type { LoweringContext } from './lowering-context.js';

/** Undefined where the operation is not the last of those that say so, or the program is not tailored. */
export function interleavedPhases(context: LoweringContext<'reshape'>): ValueName | undefined {
  const { tailored, graph, id, emitter, names, shape } = context;
  if (!tailored) return undefined;
  const found = depthToSpaceAt(graph, id);
  if (!found) return undefined;
  const { source, block } = found;
  const [n, c, height, width] = numericShape(shape, 'An image at a size') as [number, number, number, number];
  const phases = block === 2 ? stackedPhases(context, source) : undefined;
  if (!phases) return emitter.node('DepthToSpace', [names[source]!], { blocksize: block, mode: 'DCR' });
  return interleaved(emitter, phases, [n, c, height / 2, width / 2]);
}

/** The four values that were laid one behind the other to be interleaved. */
function stackedPhases({ graph, names }: LoweringContext<'reshape'>, source: NodeId): ValueName[] | undefined {
  const node = graph.nodes[source]!;
  if (node.op !== 'concat' || node.attributes.axis !== 1 || node.inputs.length !== 4) return undefined;
  const channels = new Set(node.inputs.map(input => graph.nodes[input]!.shape[1]));
  return channels.size === 1 ? node.inputs.map(input => names[input]!) : undefined;
}

/** Phases `[n, c, h, w]` in the order (row, column) → `[n, c, 2h, 2w]`. */
function interleaved(
  emitter: OnnxEmitter,
  phases: readonly ValueName[],
  [n, c, h, w]: readonly [number, number, number, number],
): ValueName {
  const shaped = (x: ValueName, shape: readonly number[]) => emitter.node('Reshape', [x, emitter.integers(shape)]);
  const rows = [0, 2].map(first => {
    const pair = phases.slice(first, first + 2).map(phase => shaped(phase, [n, c, h, w, 1]));
    return shaped(emitter.node('Concat', pair, { axis: 4 }), [n, c, h, 1, 2 * w]);
  });
  return shaped(emitter.node('Concat', rows, { axis: 3 }), [n, c, 2 * h, 2 * w]);
}
