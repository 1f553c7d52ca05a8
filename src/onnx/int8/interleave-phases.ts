/**
 * The four phases of an upsampling layer put between each other by copies of columns and of whole rows, where the file has a Concat
 * and a DepthToSpace, which takes pixel by pixel: half of its time. For any size; what comes out is the same to the bit.
 */
import type { GraphProto, NodeProto } from '../generated/index.js';
import type { Convolution } from './convolutions.js';
import { axis, type GraphWriter } from './graph-writer.js';

/** Changes the graph. Its operations are of opset 13 or later. */
export function interleavePhases(graph: GraphProto, convolutions: readonly Convolution[], writer: GraphWriter): void {
  const channels = new Map(convolutions.map(({ output, kernel }) => [output, kernel.dims[0]]));
  const made = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)));
  const phasesOf = (node: NodeProto): readonly string[] | undefined => {
    const stacked = isDoubling(node) ? made.get(node.input[0]!) : undefined;
    if (stacked?.opType !== 'Concat' || stacked.input.length !== 4 || integer(stacked, 'axis') !== 1n) return undefined;
    const found = new Set(stacked.input.map(name => channels.get(name)));
    return found.size === 1 && !found.has(undefined) ? stacked.input : undefined;
  };
  graph.node = graph.node.flatMap(node => {
    const phases = phasesOf(node);
    if (!phases) return [node];
    writeInterleaved(writer, phases, node.output[0]!);
    return writer.taken();
  });
}

/** DCR: phases are the outer part of the channels. */
function isDoubling(node: NodeProto): boolean {
  const mode = node.attribute.find(({ name }) => name === 'mode')?.s;
  const isOuter = mode === undefined || new TextDecoder().decode(mode) === 'DCR';
  return node.opType === 'DepthToSpace' && integer(node, 'blocksize') === 2n && isOuter;
}

/** Phases `[n, c, h, w]` in the order (row, column) → `[n, c, 2h, 2w]`, called `name`. */
function writeInterleaved(writer: GraphWriter, phases: readonly string[], name: string): void {
  const [last, row, twice] = [[4], [0, 0, 0, 1, -1], [1, 1, 2, 2]].map(values => writer.integers(values)) as [
    string,
    string,
    string,
  ];
  const rows = [0, 2].map(first => {
    const pair = phases.slice(first, first + 2).map(phase => writer.node('Unsqueeze', [phase, last]));
    return writer.node('Reshape', [writer.node('Concat', pair, [axis(4)]), row]);
  });
  const size = writer.node('Mul', [writer.node('Shape', [phases[0]!]), twice]);
  writer.node('Reshape', [writer.node('Concat', rows, [axis(3)]), size], [], name);
}

function integer({ attribute }: NodeProto, wanted: string): bigint | undefined {
  return attribute.find(({ name }) => name === wanted)?.i;
}
