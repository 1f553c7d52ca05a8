/**
 * The four phases of an upsampling layer put between each other by copies of columns and of whole rows, where the file has a Concat
 * and a DepthToSpace, which takes pixel by pixel: half of its time. For any size; what comes out is the same to the bit.
 */
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../generated/index.js';
import type { Convolution } from './convolutions.js';

/** Changes the graph. Its operations are of opset 13 or later. */
export function interleavePhases(graph: GraphProto, convolutions: readonly Convolution[]): void {
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
    return phases ? interleaved(graph, phases, node.output[0]!) : [node];
  });
}

/** DCR: phases are the outer part of the channels. */
function isDoubling(node: NodeProto): boolean {
  const mode = node.attribute.find(({ name }) => name === 'mode')?.s;
  const isOuter = mode === undefined || new TextDecoder().decode(mode) === 'DCR';
  return node.opType === 'DepthToSpace' && integer(node, 'blocksize') === 2n && isOuter;
}

/** Phases `[n, c, h, w]` in the order (row, column) → `[n, c, 2h, 2w]`, called `name`. */
function interleaved(graph: GraphProto, phases: readonly string[], name: string): readonly NodeProto[] {
  const nodes: NodeProto[] = [];
  const add = (opType: string, input: readonly string[], axis?: number, as?: string): string => {
    const output = as ?? `${name} phases ${nodes.length}`;
    const attribute = axis === undefined ? [] : [axisOf(axis)];
    nodes.push(create(NodeProtoSchema, { opType, name: output, input: [...input], output: [output], attribute }));
    return output;
  };
  const integers = (what: string, values: readonly number[]): string => {
    const tensor = `${name} phases ${what}`;
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    const { INT64: dataType } = TensorProto_DataType;
    graph.initializer.push(
      create(TensorProtoSchema, { name: tensor, dims: [BigInt(values.length)], dataType, rawData }),
    );
    return tensor;
  };
  const [last, row, twice] = [
    integers('last', [4]),
    integers('row', [0, 0, 0, 1, -1]),
    integers('twice', [1, 1, 2, 2]),
  ];
  const rows = [0, 2].map(first => {
    const pair = phases.slice(first, first + 2).map(phase => add('Unsqueeze', [phase, last]));
    return add('Reshape', [add('Concat', pair, 4), row]);
  });
  const size = add('Mul', [add('Shape', [phases[0]!]), twice]);
  add('Reshape', [add('Concat', rows, 3), size], undefined, name);
  return nodes;
}

function integer({ attribute }: NodeProto, wanted: string): bigint | undefined {
  return attribute.find(({ name }) => name === wanted)?.i;
}

function axisOf(axis: number) {
  return create(AttributeProtoSchema, { name: 'axis', type: AttributeProto_AttributeType.INT, i: BigInt(axis) });
}
