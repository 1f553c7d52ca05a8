/**
 * Builds a graph node by node. Equal nodes become one (hash-consing), so gradient rules may write formulas without
 * caring what was computed before; nodes that nothing needs are dropped by `build`.
 */
import { CycleboxError } from '../base/index.js';
import { formatShape, type Shape, sameShape, sizeOf } from './dimension.js';
import type { Graph, Node, NodeId } from './graph.js';
import { inferShape } from './inference.js';
import type { Attributes, OpName } from './operations.js';
import { prune } from './passes.js';
import { simplify } from './simplify.js';
import { type Emitter, Tensor } from './tensor.js';

export class GraphBuilder implements Emitter {
  readonly #nodes: Node[] = [];
  readonly #known = new Map<string, NodeId>();
  readonly #constants = new Map<Float32Array, NodeId>();
  readonly #inputs = new Map<string, NodeId>();
  readonly #variables = new Map<string, NodeId>();
  readonly #outputs = new Map<string, NodeId>();
  readonly #updates = new Map<string, NodeId>();

  /** A tensor handed in at each run. The same name gives the same tensor. */
  input(name: string, shape: Shape): Tensor {
    return this.#named(this.#inputs, 'input', name, shape);
  }

  /** A tensor that the engine keeps between runs. The same name gives the same tensor. */
  variable(name: string, shape: Shape): Tensor {
    return this.#named(this.#variables, 'variable', name, shape);
  }

  /** Fixed values, row-major; a number makes a scalar of shape []. */
  constant(values: number | Float32Array, shape: readonly number[] = []): Tensor {
    const data = typeof values === 'number' ? new Float32Array([values]) : values;
    if (data.length !== sizeOf(shape)) {
      throw new CycleboxError('SHAPE_MISMATCH', `constant: ${data.length} values do not fill ${formatShape(shape)}.`);
    }
    const known = this.#constants.get(data);
    if (known !== undefined && sameShape(this.#nodes[known]!.shape, shape)) return this.#tensor(known);
    const key =
      data.length <= 16 ? `constant [${shape}] ${[...data].map(v => (Object.is(v, -0) ? '-0' : v))}` : undefined;
    const id = this.#insert({ op: 'constant', inputs: [], attributes: { data }, shape }, key);
    this.#constants.set(data, id);
    return this.#tensor(id);
  }

  /** Appends an operation, or finds the equal one. @throws SHAPE_MISMATCH */
  emit<O extends OpName>(op: O, inputs: readonly Tensor[], attributes: Attributes<O>): Tensor {
    for (const tensor of inputs) {
      if (tensor.builder !== this) throw new CycleboxError('GRAPH_INVALID', `${op}: an input is of another graph.`);
    }
    const shape = inferShape(
      op,
      inputs.map(tensor => tensor.shape),
      attributes,
    );
    const simpler = simplify(op, inputs, attributes, shape);
    if (simpler instanceof Tensor) return simpler;
    const ids = (simpler ?? inputs).map(tensor => tensor.id);
    const key = `${op} ${ids} ${JSON.stringify(attributes)}`;
    return this.#tensor(this.#insert({ op, inputs: ids, attributes, shape } as Node, key));
  }

  /** Names a result. */
  output(name: string, value: Tensor): void {
    this.#claim(this.#outputs, 'output', name, value);
  }

  /** Names the value that a variable has after the run. */
  update(variable: Tensor, next: Tensor): void {
    const node = variable.node;
    if (node.op !== 'variable') throw new CycleboxError('GRAPH_INVALID', `update: ${node.op} is not a variable.`);
    if (!sameShape(variable.shape, next.shape)) {
      throw new CycleboxError(
        'SHAPE_MISMATCH',
        `update of ${node.attributes.name}: got ${formatShape(next.shape)}, expected ${formatShape(variable.shape)}.`,
      );
    }
    this.#claim(this.#updates, 'update', node.attributes.name, next);
  }

  /** The finished graph, without nodes that no output and no update needs. */
  build(): Graph {
    return prune({
      nodes: this.#nodes,
      inputs: Object.fromEntries(this.#inputs),
      variables: Object.fromEntries(this.#variables),
      outputs: Object.fromEntries(this.#outputs),
      updates: Object.fromEntries(this.#updates),
    });
  }

  node(id: NodeId): Node {
    return this.#nodes[id]!;
  }

  tensor(id: NodeId): Tensor {
    return this.#tensor(id);
  }

  #tensor(id: NodeId): Tensor {
    return new Tensor(this, id, this.#nodes[id]!.shape);
  }

  #named(names: Map<string, NodeId>, op: 'input' | 'variable', name: string, shape: Shape): Tensor {
    const known = names.get(name);
    if (known === undefined) {
      const id = this.#insert({ op, inputs: [], attributes: { name }, shape }, undefined);
      names.set(name, id);
      return this.#tensor(id);
    }
    const before = this.#nodes[known]!.shape;
    if (!sameShape(before, shape)) {
      throw new CycleboxError(
        'SHAPE_MISMATCH',
        `${op} ${name}: got ${formatShape(shape)}, expected ${formatShape(before)} as where it was first named.`,
      );
    }
    return this.#tensor(known);
  }

  #insert(node: Node, key: string | undefined): NodeId {
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const id = this.#nodes.push(node) - 1;
    if (key !== undefined) this.#known.set(key, id);
    return id;
  }

  #claim(names: Map<string, NodeId>, kind: string, name: string, value: Tensor): void {
    if (names.has(name)) throw new CycleboxError('GRAPH_INVALID', `The ${kind} ${name} is named twice.`);
    names.set(name, value.id);
  }
}
