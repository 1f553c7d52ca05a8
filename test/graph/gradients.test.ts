/**
 * Every operation's gradient, and the gradient of its gradient, against central differences; then chains, above all
 * the gradient penalty's, which differentiates through convolution, norm and activation twice.
 */
import { describe, expect, it, test } from 'vitest';
import { evaluate, operationNames } from '../../src/engine/index.js';
import {
  add,
  conv2d,
  convTranspose2d,
  GraphBuilder,
  gradients,
  instanceNorm,
  instanceNormGrad,
  leakyRelu,
  matmul,
  mean,
  mul,
  reflectPad,
  reshape,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
} from '../../src/graph/index.js';
import { type Argument, expectDerivatives, expectGradients, graphOf } from './central-differences.js';
import { caseName, type OperationCase, operationCases } from './operation-cases.js';
import { awayFromZero, between, type Maker, randomValues, seededRandom } from './random-values.js';

/** Leaves have no inputs of their own; the tests of leaves below check them. */
const leaves = ['input', 'variable', 'constant'];

test('every operation of the language has its gradient checked', () => {
  const checked = new Set([...leaves, ...operationCases.map(({ op }) => op)]);
  expect([...checked].sort()).toEqual([...operationNames].sort());
});

describe('first and second derivatives agree with central differences:', () => {
  it.each(operationCases.map(one => ({ name: caseName(one), one })))('$name', ({ one }) => {
    expectGradients(argumentsOf(one), inputs => inputs[0]!.builder.emit(one.op, inputs, one.attributes));
  });
});

describe('leaves', () => {
  const values = Float32Array.of(0.5, -1, 2);
  const leafOf: Record<string, (builder: GraphBuilder) => Tensor> = {
    input: builder => builder.input('x', [3]),
    variable: builder => builder.variable('x', [3]),
    constant: builder => builder.constant(values, [3]),
  };

  it.each(leaves)('the derivative of a cubic by a leaf, twice: %s', name => {
    const builder = new GraphBuilder();
    const x = leafOf[name]!(builder);
    const [first] = gradients(sum(mul(x, square(x))), [x]);
    const [second] = gradients(sum(first!), [x]);
    const feed = { x: { shape: [3], data: Float64Array.from(values) } };
    const { outputs } = evaluate(graphOf([first!, second!]), { inputs: feed, variables: feed });
    expect([...outputs['0']!.data]).toEqual([...values].map(value => 3 * value ** 2));
    expect([...outputs['1']!.data]).toEqual([...values].map(value => 6 * value));
  });
});

describe('chains', () => {
  const image = argument('x', [2, 2, 5, 6], 11);
  const kernel = argument('w', [3, 2, 3, 3], 32);
  const head = argument('v', [3 * 5 * 6, 2], 13);

  const activations = (x: Tensor, w: Tensor) => instanceNorm(conv2d(x, w, { padding: 1 }));
  const critic = (x: Tensor, w: Tensor, v: Tensor) => matmul(reshape(leakyRelu(activations(x, w)), [2, 3 * 5 * 6]), v);

  /** WGAN-GP (Gulrajani et al. 2017, equation 3): `mean((|∇D(x)| - 1)²)`, the norm per sample. */
  const penalty = (x: Tensor, w: Tensor, v: Tensor) => {
    const [slope] = gradients(sum(critic(x, w, v)), [x]);
    const norm = sqrt(add(sum(square(slope!), [1, 2, 3]), 1e-12));
    return scalar(mean(square(sub(norm, 1))));
  };

  it('the inputs of the gradient penalty keep clear of the kinks of leakyRelu', () => {
    const builder = new GraphBuilder();
    const [x, w] = [image, kernel].map(({ name, shape }) => builder.input(name, shape));
    const { outputs } = evaluate(graphOf([activations(x!, w!)]), { inputs: feedsOf([image, kernel]) });
    expect(Math.min(...outputs['0']!.data.map(Math.abs))).toBeGreaterThan(1e-3);
  });

  it('the gradient penalty through conv, instanceNorm, leakyRelu and matmul', () => {
    expectFunctionOf([image, kernel, head], ([x, w, v]) => penalty(x!, w!, v!));
  });

  it('the gradient penalty through a patch critic with strides and a mean', () => {
    const second = argument('w2', [1, 3, 2, 2], 15);
    expectFunctionOf([image, kernel, second], ([x, w, w2]) => {
      const hidden = leakyRelu(instanceNorm(conv2d(x!, w!, { stride: 2, padding: 1 })));
      const [slope] = gradients(mean(square(conv2d(hidden, w2!, { padding: 1 }))), [x!]);
      return scalar(mean(square(sub(sqrt(add(sum(square(slope!), [1, 2, 3]), 1e-6)), 1))));
    });
  });

  it('a generator in small: reflectPad, conv, norm, residual, transposed conv, tanh', () => {
    const up = argument('up', [2, 1, 3, 3], 17);
    const inner = argument('inner', [2, 2, 3, 3], 18);
    expectGradients([image, inner, up], ([x, w, u]) => {
      const hidden = add(x!, instanceNorm(conv2d(reflectPad(x!, 1), w!)));
      return tanh(convTranspose2d(hidden, u!, { stride: 2, padding: 1, outputPadding: 1 }));
    });
  });

  it('instanceNormGrad of one tensor in both places', () => {
    expectGradients([argument('x', [1, 2, 3, 3], 19)], ([x]) => instanceNormGrad(x!, x!, 1e-5));
  });

  it('instanceNormGrad by an adjoint that the rule itself could compute', () => {
    const x = argument('x', [1, 2, 3, 3], 20);
    const builder = new GraphBuilder();
    const image = builder.input('x', x.shape);
    const centred = sub(image, mean(image, [2, 3]));
    const weights = builder.constant(argument('u', x.shape, 22).values, x.shape);
    const [byCentred] = gradients(sum(mul(instanceNormGrad(image, centred, 0.5), weights)), [centred]);
    const { outputs } = evaluate(graphOf([byCentred!, instanceNormGrad(image, weights, 0.5)]), {
      inputs: feedsOf([x]),
    });
    expect([...outputs['0']!.data]).toEqual([...outputs['1']!.data]);
  });

  it('an operation that takes one tensor twice', () => {
    const x = argument('x', [3, 3], 21, awayFromZero);
    expectGradients([x], ([a]) => matmul(a!, a!, { transposeB: true }));
    expectGradients([x], ([a]) => mul(a!, add(a!, a!)));
  });
});

describe('gradients', () => {
  it('of a value by two tensors, one computed from the other', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [3]);
    const y = square(x);
    const [byX, byY] = gradients(sum(mul(y, mul(y, x))), [x, y]);
    const data = Float64Array.of(1, 2, -3);
    const { outputs } = evaluate(graphOf([byX!, byY!]), { inputs: { x: { shape: [3], data } } });
    expect([...outputs['0']!.data]).toEqual([...data].map(v => 5 * v ** 4));
    expect([...outputs['1']!.data]).toEqual([...data].map(v => 2 * v ** 3));
  });

  it('by an intermediate tensor count only what comes after it', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [2, 1, 4, 4]);
    const fake = tanh(x);
    const [byFake] = gradients(mean(add(square(fake), square(x))), [fake]);
    const { outputs } = evaluate(graphOf([byFake!, mul(fake, 2 / 32)]), {
      inputs: feedsOf([argument('x', [2, 1, 4, 4], 3)]),
    });
    expect([...outputs['0']!.data]).toEqual([...outputs['1']!.data]);
  });

  it('are not carried through tensors that are detached', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [3]);
    const detached = square(x);
    const data = Float64Array.of(1, 2, -3);
    const slopes = (by: Tensor) => [
      ...evaluate(graphOf([by]), { inputs: { x: { shape: [3], data } } }).outputs['0']!.data,
    ];
    expect(slopes(gradients(sum(mul(detached, tanh(x))), [x], [detached])[0]!)).toEqual(
      [...data].map(v => v ** 2 * (1 - Math.tanh(v) ** 2)),
    );
    // What is detached may itself be asked for.
    expect(slopes(gradients(sum(mul(detached, detached)), [detached], [detached])[0]!)).toEqual(
      [...data].map(v => 2 * v ** 2),
    );
  });

  it('by a tensor that the value does not depend on are zeros of its shape', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [2]);
    const [byOther] = gradients(sum(x), [builder.input('other', [2, 3])]);
    expect(byOther!.shape).toEqual([2, 3]);
    expect([...evaluate(graphOf([byOther!])).outputs['0']!.data]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('of a value by itself are one', () => {
    const builder = new GraphBuilder();
    const value = scalar(sum(builder.input('x', [2])));
    const [one] = gradients(value, [value]);
    expect([...evaluate(graphOf([one!])).outputs['0']!.data]).toEqual([1]);
  });

  it('of more than one element are refused by name', () => {
    const x = new GraphBuilder().input('x', [2, 3]);
    expect(() => gradients(x, [x])).toThrow(/must be a scalar, got \[2,3\]/);
  });
});

function expectFunctionOf(args: readonly Argument[], f: (inputs: readonly Tensor[]) => Tensor): void {
  const builder = new GraphBuilder();
  const inputs = args.map(({ name, shape }) => builder.input(name, shape));
  expectDerivatives(f(inputs), inputs, args);
}

function argumentsOf({ shapes, makers }: OperationCase): Argument[] {
  const random = seededRandom(7);
  return shapes.map((shape, at) => ({
    name: `x${at}`,
    shape,
    values: randomValues(random, shape, makers?.[at] ?? makers?.at(-1)),
  }));
}

function argument(name: string, shape: readonly number[], seed: number, maker: Maker = between(-1, 1)): Argument {
  return { name, shape, values: randomValues(seededRandom(seed), shape, maker) };
}

function feedsOf(args: readonly Argument[]) {
  return Object.fromEntries(args.map(({ name, shape, values }) => [name, { shape, data: Float64Array.from(values) }]));
}
