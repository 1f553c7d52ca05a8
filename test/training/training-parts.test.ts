import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { evaluate } from '../../src/engine/index.js';
import { type Graph, GraphBuilder, sizeOf } from '../../src/graph/index.js';
import {
  adamDefaults,
  adamInputs,
  adamScalars,
  discriminatorLoss,
  generatorLoss,
  ImagePool,
  learningRateFactor,
  momentNames,
  resolveTrainingSettings,
} from '../../src/training/index.js';
import { applyAdam, applyAdamTogether } from '../../src/training/recipes/adam.js';

const image = (value: number) => Float32Array.of(value);

describe('the image pool', () => {
  it('stores and passes on every image until it is full', () => {
    const pool = new ImagePool(3);
    const random = new Random(1);
    const images = [1, 2, 3].map(image);
    expect(images.map(one => pool.query(one, random))).toEqual(images);
    expect(pool.images).toEqual(images);
  });

  it('then exchanges about half of the images for stored ones, and never shows one that it was not given', () => {
    const pool = new ImagePool(50);
    const random = new Random(7);
    const given = Array.from({ length: 2050 }, (_, index) => image(index));
    const shown = given.map(one => pool.query(one, random));
    const exchanged = shown.slice(50).filter((one, index) => one !== given[index + 50]);
    expect(exchanged.length).toBeGreaterThan(900);
    expect(exchanged.length).toBeLessThan(1100);
    const known = new Set<Float32Array>(given);
    expect(shown.every(one => known.has(one))).toBe(true);
    expect(pool.images).toHaveLength(50);
  });

  it('passes everything on when its size is 0', () => {
    const pool = new ImagePool(0);
    const only = image(1);
    expect(pool.query(only, new Random(1))).toBe(only);
    expect(pool.images).toHaveLength(0);
  });

  it('judges the images of a batch one by one', () => {
    const pool = new ImagePool(2, [image(10), image(20)]);
    const random = new Random(3);
    const results = Array.from({ length: 20 }, () => pool.queryBatch(Float32Array.of(1, 2), 2, random));
    expect(new Set(results.map(result => result.join())).size).toBeGreaterThan(2);
  });
});

describe('the learning rate', () => {
  const run = { steps: 200, decayFrom: 0.5 } as const;

  it('stays for the first half and falls linearly to almost zero', () => {
    const factor = (step: number) => learningRateFactor(step, { ...run, schedule: 'linear' });
    expect(factor(0)).toBe(1);
    expect(factor(100)).toBe(1);
    expect(factor(150)).toBeCloseTo(1 - 50 / 101, 12);
    expect(factor(199)).toBeCloseTo(1 - 99 / 101, 12);
  });

  it('falls along a half wave, or not at all', () => {
    const factor = (step: number) => learningRateFactor(step, { ...run, schedule: 'cosine' });
    expect(factor(100)).toBe(1);
    expect(factor(150)).toBeCloseTo((1 + Math.cos((Math.PI * 50) / 101)) / 2, 12);
    expect(factor(199)).toBeGreaterThan(0);
    expect(factor(199)).toBeLessThan(0.001);
    expect(learningRateFactor(199, { ...run, schedule: 'constant' })).toBe(1);
  });

  it('can begin to fall at once, or late', () => {
    const half = (decayFrom: number) => learningRateFactor(100, { steps: 200, schedule: 'linear', decayFrom });
    expect(half(0)).toBeCloseTo(1 - 100 / 201, 12);
    expect(half(0.75)).toBe(1);
  });
});

describe('Adam', () => {
  it('follows the recurrence of the paper over many steps', () => {
    const { beta1, beta2, epsilon } = adamDefaults;
    const builder = new GraphBuilder();
    const weight = builder.variable('w', [2]);
    applyAdam(builder, 'w', weight, builder.input('gradient', [2]), adamDefaults);
    const graph = builder.build();
    const [m, v] = momentNames('w');
    let variables: Record<string, { shape: readonly number[]; data: Float64Array }> = {
      w: { shape: [2], data: Float64Array.of(1, -1) },
      [m]: { shape: [2], data: new Float64Array(2) },
      [v]: { shape: [2], data: new Float64Array(2) },
    };
    const expected = { w: [1, -1], m: [0, 0], v: [0, 0] };
    const random = new Random(5);
    for (let t = 1; t <= 20; t++) {
      const gradient = [random.normal(), random.normal() * 1e-3];
      const scalars = adamScalars(adamDefaults, 0.01, t);
      const { updates } = evaluate(graph, {
        inputs: {
          gradient: { shape: [2], data: Float64Array.from(gradient) },
          [adamInputs.stepSize]: { shape: [], data: Float64Array.of(scalars.stepSize) },
          [adamInputs.epsilon]: { shape: [], data: Float64Array.of(scalars.epsilon) },
        },
        variables,
      });
      variables = { ...variables, ...updates } as typeof variables;
      gradient.forEach((g, i) => {
        expected.m[i] = beta1 * expected.m[i]! + (1 - beta1) * g;
        expected.v[i] = beta2 * expected.v[i]! + (1 - beta2) * g * g;
        const [mHat, vHat] = [expected.m[i]! / (1 - beta1 ** t), expected.v[i]! / (1 - beta2 ** t)];
        expected.w[i]! -= (0.01 * mHat) / (Math.sqrt(vHat) + epsilon);
      });
      // The graph's constants are float32, so 1 - β₂ is off by 1e-5 relative.
      expected.w.forEach((w, i) => {
        expect(variables['w']!.data[i]).toBeCloseTo(w, 5);
      });
    }
  });
});

describe('Adam for weights together', () => {
  const shapes = { a: [3, 2, 2], b: [1, 2, 2], c: [4], d: [2], e: [5, 3], f: [] };

  it('gives each what it gets alone, to the bit', () => {
    const random = new Random(7);
    const drawn = (shape: readonly number[]) => ({
      shape,
      data: Float64Array.from({ length: sizeOf(shape) }, () => random.uniform()),
    });
    const variables = Object.fromEntries(
      Object.entries(shapes).flatMap(([name, shape]) => [name, ...momentNames(name)].map(one => [one, drawn(shape)])),
    );
    const gradients = Object.entries(shapes).map(([name, shape]) => [`gradient/${name}`, drawn(shape)] as const);
    const scalar = (value: number) => ({ shape: [], data: Float64Array.of(value) });
    const inputs = {
      ...Object.fromEntries(gradients),
      [adamInputs.stepSize]: scalar(0.01),
      [adamInputs.epsilon]: scalar(1e-8),
    };
    const [apart, together] = [adamGraph(false), adamGraph(true)];
    expect(together.nodes.filter(({ op }) => op === 'sqrt')).toHaveLength(4); // Of a and b, of c and d, of e, of f.
    expect(apart.nodes.filter(({ op }) => op === 'sqrt')).toHaveLength(6);
    expect(evaluate(together, { inputs, variables }).updates).toEqual(evaluate(apart, { inputs, variables }).updates);
  });

  function adamGraph(areTogether: boolean): Graph {
    const builder = new GraphBuilder();
    const weights = Object.entries(shapes).map(([name, shape]) => ({
      name,
      weight: builder.variable(name, shape),
      gradient: builder.input(`gradient/${name}`, shape),
    }));
    if (areTogether) applyAdamTogether(builder, weights, adamDefaults);
    else for (const { name, weight, gradient } of weights) applyAdam(builder, name, weight, gradient, adamDefaults);
    return builder.build();
  }
});

describe('adversarial losses', () => {
  const [onReal, onFake] = [
    [-2, -0.3, 0.4, 3],
    [1.5, -0.2, 0.1, -4],
  ];
  const mean = (values: readonly number[], formula: (x: number) => number) =>
    values.reduce((sum, x) => sum + formula(x), 0) / values.length;
  const logistic = (x: number) => 1 / (1 + Math.exp(-x));

  it.each([
    ['lsgan', (x: number) => (x - 1) ** 2, mean(onReal, x => (x - 1) ** 2) / 2 + mean(onFake, x => x ** 2) / 2],
    [
      'vanilla',
      (x: number) => -Math.log(logistic(x)),
      mean(onReal, x => -Math.log(logistic(x))) / 2 + mean(onFake, x => -Math.log(1 - logistic(x))) / 2,
    ],
    ['hinge', (x: number) => -x, mean(onReal, x => Math.max(0, 1 - x)) + mean(onFake, x => Math.max(0, 1 + x))],
    ['wgan-gp', (x: number) => -x, mean(onFake, x => x) - mean(onReal, x => x)],
  ] as const)('%s of both sides', (kind, fooling, judging) => {
    const builder = new GraphBuilder();
    const [real, fake] = [builder.input('real', [4]), builder.input('fake', [4])];
    builder.output('generator', generatorLoss(kind, fake));
    builder.output('discriminator', discriminatorLoss(kind, real, fake));
    const inputs = Object.fromEntries(
      Object.entries({ real: onReal, fake: onFake }).map(([name, values]) => [
        name,
        { shape: [4], data: Float64Array.from(values) },
      ]),
    );
    const { outputs } = evaluate(builder.build(), { inputs, variables: {} });
    expect(outputs['generator']!.data[0]).toBeCloseTo(mean(onFake, fooling), 10);
    expect(outputs['discriminator']!.data[0]).toBeCloseTo(judging, 10);
  });
});

describe('training settings', () => {
  const needed = { pair: 'satellite-map', a: 'a', b: 'b', out: 'out' };

  it('reads the domains off the id of the pair', () => {
    expect(resolveTrainingSettings(needed).domains).toEqual(['satellite', 'map']);
    expect(() => resolveTrainingSettings({ ...needed, pair: 'cats' })).toThrow(/domains/);
  });

  it.each([
    ['size', 30],
    ['loadSize', 64],
    ['width', 0],
    ['steps', 1.5],
    ['learningRate', Number.NaN],
    ['identityWeight', -1],
  ])('refuses %s %s with the value and what is allowed', (name, value) => {
    const resolve = () => resolveTrainingSettings({ ...needed, [name]: value });
    expect(resolve).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(resolve).toThrow(new RegExp(`${name} is ${value}; allowed`));
  });
});
