/**
 * The four phases of an upsampling layer put between each other by copies of columns and of whole rows, where the file has a Concat
 * and a DepthToSpace, which takes pixel by pixel: half of its time. For any size; what comes out is the same to the bit.
 */
import type { GraphProto, NodeProto } from '../generated/index.js';
import type { Convolution } from './convolutions.js';
import { axis, type GraphWriter } from './graph-writer.js';

/** The results of four convolutions, in the order (row, column), of which a DepthToSpace makes the value that it is called by. */
export type Phases = readonly [string, string, string, string];

/** By the name of the value that they are put together to. */
export function phasesIn(graph: GraphProto, convolutions: readonly Convolution[]): ReadonlyMap<string, Phases> {
  const channels = new Map(convolutions.map(({ output, kernel }) => [output, kernel.dims[0]]));
  const made = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)));
  return new Map(
    graph.node.filter(isDoubling).flatMap(({ input, output }) => {
      const stacked = made.get(input[0]!);
      if (stacked?.opType !== 'Concat' || stacked.input.length !== 4 || integer(stacked, 'axis') !== 1n) return [];
      const found = new Set(stacked.input.map(name => channels.get(name)));
      return found.size === 1 && !found.has(undefined)
        ? [[output[0]!, stacked.input as unknown as Phases] as const]
        : [];
    }),
  );
}

/** DCR: phases are the outer part of the channels. */
function isDoubling(node: NodeProto): boolean {
  const mode = node.attribute.find(({ name }) => name === 'mode')?.s;
  const isOuter = mode === undefined || new TextDecoder().decode(mode) === 'DCR';
  return node.opType === 'DepthToSpace' && integer(node, 'blocksize') === 2n && isOuter;
}

/** Phases `[n, c, h, w]` in the order (row, column) → `[n, c, 2h, 2w]`, called `name`. Its operations are of opset 13 or later. */
export function writeInterleaved(writer: GraphWriter, phases: Phases, name: string): void {
  const [last, row, twice] = [[4], [0, 0, 0, 1, -1], [1, 1, 2, 2]].map(values => writer.integers(values)) as [
    string,
    string,
    string,
  ];
  const rows = [0, 2].map(first => {
    const pair = phases.slice(first, first + 2).map(phase => writer.node('Unsqueeze', [phase, last]));
    return writer.node('Reshape', [writer.node('Concat', pair, [axis(4)]), row]);
  });
  const size = writer.node('Mul', [writer.node('Shape', [phases[0]]), twice]);
  writer.node('Reshape', [writer.node('Concat', rows, [axis(3)]), size], [], name);
}

function integer({ attribute }: NodeProto, wanted: string): bigint | undefined {
  return attribute.find(({ name }) => name === wanted)?.i;
}
