/**
 * A graph: plain data, in an order in which every node comes after its inputs, each node with one result. It names
 * what is handed in (`inputs`), what is kept between runs (`variables`, and by `updates` their next values) and what
 * is handed out (`outputs`). It knows no engine and serialises to JSON.
 */
import { CycleboxError } from '../base/index.js';
import type { Shape } from './dimension.js';
import type { Attributes, OpName } from './operations.js';

export type NodeId = number;

export type Node<O extends OpName = OpName> = {
  readonly [K in O]: {
    readonly op: K;
    readonly inputs: readonly NodeId[];
    readonly attributes: Attributes<K>;
    readonly shape: Shape;
  };
}[O];

export interface Graph {
  /** A node's id is its index. */
  readonly nodes: readonly Node[];
  readonly inputs: Readonly<Record<string, NodeId>>;
  readonly variables: Readonly<Record<string, NodeId>>;
  readonly outputs: Readonly<Record<string, NodeId>>;
  /** Variable name → its value after the run. */
  readonly updates: Readonly<Record<string, NodeId>>;
}

const formatVersion = 1;

/** JSON text of a graph; constants as base64 of little-endian float32. */
export function graphToJson(graph: Graph): string {
  const nodes = graph.nodes.map(node =>
    node.op === 'constant' ? { ...node, attributes: { data: toBase64(node.attributes.data) } } : node,
  );
  return JSON.stringify({ format: formatVersion, ...graph, nodes });
}

/** @throws GRAPH_INVALID for text that `graphToJson` did not write. */
export function graphFromJson(text: string): Graph {
  const { format, nodes, inputs, variables, outputs, updates } = parse(text);
  if (format !== formatVersion || !Array.isArray(nodes)) {
    throw new CycleboxError(
      'GRAPH_INVALID',
      `A graph of format ${String(format)}; this version reads ${formatVersion}.`,
    );
  }
  const revived = nodes.map(node =>
    node.op === 'constant' ? { ...node, attributes: { data: fromBase64(node.attributes.data) } } : node,
  );
  return { nodes: revived, inputs, variables, outputs, updates } as Graph;
}

// biome-ignore lint/suspicious/noExplicitAny: the border where text becomes a graph
function parse(text: string): Record<string, any> {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CycleboxError('GRAPH_INVALID', 'The graph is not JSON.', { cause });
  }
}

function toBase64(data: Float32Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}

function fromBase64(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer, 0, bytes.byteLength / 4);
}
