/**
 * The builder: equal nodes are one, what nothing needs is dropped, shortcuts keep values, and a graph survives as text.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, type Float64Tensor } from '../../src/engine/index.js';
import {
  type Attributes,
  abs,
  add,
  broadcast,
  concat,
  div,
  type Emitter,
  type Graph,
  GraphBuilder,
  gradients,
  graphFromJson,
  graphToJson,
  mean,
  mul,
  type Node,
  neg,
  type OpName,
  pad,
  prune,
  reshape,
  scalar,
  slice,
  sub,
  sum,
  symbol,
  Tensor,
  tanh,
  transpose,
} from '../../src/graph/index.js';
import { inferShape } from '../../src/graph/inference.js';
import { randomValues, seededRandom } from './random-values.js';

describe('equal nodes are one', () => {
  it('the same operation of the same tensors', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [2, 3]);
    expect(tanh(x).id).toBe(tanh(x).id);
    expect(sum(x, [1]).id).toBe(sum(x, [1]).id);
    expect(sum(x, [1]).id).not.toBe(sum(x, [0]).id);
    expect(sub(x, tanh(x)).id).not.toBe(sub(tanh(x), x).id);
  });

  it('small constants of equal values and shape', () => {
    const builder = new GraphBuilder();
    expect(builder.constant(2).id).toBe(builder.constant(2).id);
    expect(builder.constant(2).id).not.toBe(builder.constant(2, [1]).id);
    expect(builder.constant(0).id).not.toBe(builder.constant(-0).id);
    const pair = () => Float32Array.of(1, 2);
    expect(builder.constant(pair(), [2]).id).toBe(builder.constant(pair(), [2]).id);
    expect(builder.constant(pair(), [2]).id).not.toBe(builder.constant(pair(), [2, 1]).id);
  });

  it('a large constant of one array', () => {
    const builder = new GraphBuilder();
    const data = new Float32Array(100);
    expect(builder.constant(data, [100]).id).toBe(builder.constant(data, [100]).id);
    expect(builder.constant(data, [10, 10]).shape).toEqual([10, 10]);
  });

  it('inputs and variables by name', () => {
    const builder = new GraphBuilder();
    expect(builder.input('x', [2]).id).toBe(builder.input('x', [2]).id);
    expect(builder.variable('x', [2]).id).not.toBe(builder.input('x', [2]).id);
  });
});

describe('a built graph', () => {
  it('has no node that nothing needs, and every node after its inputs', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [2]);
    const unused = tanh(builder.input('unused', [2]));
    const w = builder.variable('w', [2]);
    builder.output('y', add(x, 1));
    builder.update(w, mul(w, x));
    const graph = builder.build();
    expect(Object.keys(graph.inputs)).toEqual(['x']);
    expect(graph.nodes.map(({ op }) => op).sort()).toEqual(['add', 'constant', 'input', 'mul', 'variable']);
    graph.nodes.forEach((node, id) => {
      for (const input of node.inputs) expect(input).toBeLessThan(id);
    });
    expect(unused.shape).toEqual([2]);
  });

  it('names a result, and an update, once only', () => {
    const builder = new GraphBuilder();
    const w = builder.variable('w', [2]);
    builder.output('y', w);
    expect(() => builder.output('y', tanh(w))).toThrow('The output y is named twice.');
    builder.update(w, tanh(w));
    expect(() => builder.update(w, w)).toThrow('The update w is named twice.');
    expect(() => builder.update(tanh(w), w)).toThrow('update: tanh is not a variable.');
  });

  it('can be pruned again to fewer outputs, and gives the same values', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [3]);
    builder.output('a', tanh(x));
    builder.output('b', add(abs(x), builder.input('other', [3])));
    const graph = builder.build();
    const only = prune({ ...graph, outputs: { a: graph.outputs['a']! } });
    expect(only.nodes.length).toBe(2);
    expect(Object.keys(only.inputs)).toEqual(['x']);
    const data = Float64Array.of(1, -2, 3);
    expect(evaluate(only, { inputs: { x: { shape: [3], data } } }).outputs['a']!.data).toEqual(data.map(Math.tanh));
  });
});

describe('shortcuts', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', [2, 3]);

  it.each([
    ['x + 0', () => add(x, 0)],
    ['0 + x', () => add(0, x)],
    ['x - 0', () => sub(x, 0)],
    ['1 · x', () => mul(1, x)],
    ['x / 1', () => div(x, 1)],
    ['--x', () => neg(neg(x))],
    ['a reshape to its own shape', () => reshape(x, [2, 3])],
    ['a broadcast to its own shape', () => broadcast(x, [2, 3])],
    ['the identical permutation', () => transpose(x, [0, 1])],
    ['a slice of everything', () => slice(x, [0, 0], [2, 3])],
    ['a pad by nothing', () => pad(x, [0, 0], [0, 0])],
    ['a concat of one', () => concat([x], 0)],
    ['a sum over no axis', () => sum(x, [])],
  ])('%s is x', (_, build) => {
    expect(build().id).toBe(x.id);
  });

  it('leave alone what would change the shape or the value', () => {
    expect(add(x, builder.constant(new Float32Array(24), [4, 2, 3])).shape).toEqual([4, 2, 3]);
    expect(sub(0, x).node.op).toBe('sub');
    expect(div(1, x).node.op).toBe('div');
    expect(mul(builder.input('scalar', []), builder.constant(Float32Array.of(1, 1), [2])).shape).toEqual([2]);
  });

  it('skip a broadcast that the next operation does anyway', () => {
    const row = builder.input('row', [1, 3]);
    const product = mul(broadcast(row, [2, 3]), x);
    expect(product.node.inputs).toEqual([row.id, x.id]);
    expect(sub(x, broadcast(row, [2, 3])).node.inputs).toEqual([x.id, row.id]);
  });

  it('and shared nodes keep the values of any program', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(13), fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 15 }), steps => {
        const results = [new GraphBuilder(), new PlainBuilder()].map(emitter => program(emitter, steps));
        for (const node of nodesUpTo(results[0]!)) expectInferred(node, results[0]!);
        const values = results.map(evaluated);
        expect(values[0]!.shape).toEqual(values[1]!.shape);
        values[0]!.data.forEach((value, at) => {
          const plain = values[1]!.data[at]!;
          expect(Math.abs(value - plain)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(plain)));
        });
      }),
      { numRuns: 300, seed: 17 },
    );
  });
});

describe('a graph as JSON', () => {
  function training(): Graph {
    const builder = new GraphBuilder();
    const x = builder.input('x', [symbol('n', 2), 3]);
    const w = builder.variable('w', [3]);
    const big = builder.constant(randomValues(seededRandom(1), [5, 4, 3]), [5, 4, 3]);
    const extremes = builder.constant(Float32Array.of(-0, 1e-45, Number.POSITIVE_INFINITY), [3]);
    const loss = scalar(mean(mul(tanh(w), big)));
    builder.output('y', add(mul(x, w), extremes));
    builder.output('loss', loss);
    builder.update(w, sub(w, mul(gradients(loss, [w])[0]!, 0.1)));
    return builder.build();
  }

  it('comes back equal, constants to the bit', () => {
    const graph = training();
    expect(graphFromJson(graphToJson(graph))).toEqual(graph);
  });

  it('comes back with constants that are views into larger buffers', () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.constant(new Float32Array([9, 1, 2, 9]).subarray(1, 3), [2]));
    const back = graphFromJson(graphToJson(builder.build()));
    expect([...evaluate(back).outputs['y']!.data]).toEqual([1, 2]);
  });

  it('of another version or no JSON at all is refused', () => {
    expect(() => graphFromJson('{')).toThrow('The graph is not JSON.');
    expect(() => graphFromJson('{"format":99,"nodes":[]}')).toThrow(/format 99; this version reads 1/);
    expect(() => graphFromJson('{}')).toThrow(/format undefined/);
  });
});

/** Emits every node as it is asked for: no sharing and no shortcuts, to compare the builder with. */
class PlainBuilder implements Emitter {
  readonly nodes: Node[] = [];

  constant(values: number | Float32Array, shape: readonly number[] = []): Tensor {
    const data = typeof values === 'number' ? Float32Array.of(values) : values;
    return this.#push({ op: 'constant', inputs: [], attributes: { data }, shape });
  }

  emit<O extends OpName>(op: O, inputs: readonly Tensor[], attributes: Attributes<O>): Tensor {
    const shapes = inputs.map(({ shape }) => shape);
    const ids = inputs.map(({ id }) => id);
    return this.#push({ op, inputs: ids, attributes, shape: inferShape(op, shapes, attributes) } as Node);
  }

  node(id: number): Node {
    return this.nodes[id]!;
  }

  tensor(id: number): Tensor {
    return new Tensor(this, id, this.nodes[id]!.shape);
  }

  #push(node: Node): Tensor {
    return this.tensor(this.nodes.push(node) - 1);
  }
}

/** A program from random numbers: each step applies an operation to earlier results of the shapes it needs. */
function program(emitter: Emitter, steps: readonly (readonly [number, number, number])[]): Tensor {
  const x = emitter.constant(randomValues(seededRandom(2), [2, 3]), [2, 3]);
  const full = [
    x,
    emitter.constant(new Float32Array(6), [2, 3]),
    emitter.constant(new Float32Array(6).fill(1), [2, 3]),
  ];
  const small = [emitter.constant(0), emitter.constant(1), emitter.constant(Float32Array.of(1, 2, 3), [1, 3])];
  for (const [operation, left, right] of steps) {
    const a = full[left % full.length]!;
    const b = right % 2 ? small[right % small.length]! : full[right % full.length]!;
    const results: readonly (() => Tensor)[] = [
      () => add(a, b),
      () => add(b, a),
      () => sub(a, b),
      () => mul(b, a),
      () => div(a, add(abs(b), 0.5)),
      () => neg(a),
      () => add(broadcast(small[right % small.length]!, [2, 3]), a),
      () => sub(a, broadcast(small[right % small.length]!, [2, 3])),
      () => mul(broadcast(small[right % small.length]!, [2, 3]), small[left % small.length]!),
      () => div(small[left % small.length]!, broadcast(add(abs(small[right % small.length]!), 1), [2, 3])),
      () => transpose(transpose(tanh(a), [1, 0]), [1, 0]),
      () => reshape(reshape(a, [6]), [2, 3]),
      () => slice(pad(a, [left % 2, 0], [0, right % 2]), [left % 2, 0], [2 + (left % 2), 3]),
      () => tanh(broadcast(mean(a, [right % 2]), [2, 3])),
    ];
    full.push(results[operation]!());
  }
  return full.at(-1)!;
}

function nodesUpTo(tensor: Tensor): Node[] {
  return Array.from({ length: tensor.id + 1 }, (_, id) => tensor.builder.node(id));
}

/** A shortcut may hand other inputs to an operation, but its shape must still follow from them. */
function expectInferred(node: Node, { builder }: Tensor): void {
  if (node.op === 'constant') return;
  const shapes = node.inputs.map(id => builder.node(id).shape);
  expect(inferShape<OpName>(node.op, shapes, node.attributes)).toEqual(node.shape);
}

function evaluated(tensor: Tensor): Float64Tensor {
  const nodes = nodesUpTo(tensor);
  return evaluate({ nodes, inputs: {}, variables: {}, outputs: { y: tensor.id }, updates: {} }).outputs['y']!;
}
