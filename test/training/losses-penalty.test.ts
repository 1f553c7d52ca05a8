/**
 * The gradient penalty: its value where the slope is known, and its gradient by a discriminator's weights, which is a
 * gradient of a gradient, against differences of its value.
 */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { evaluate } from '../../src/engine/index.js';
import { GraphBuilder, gradients, mul, sizeOf, type Tensor } from '../../src/graph/index.js';
import { type DiscriminatorSpec, initialise, parametersOf } from '../../src/nets/index.js';
import { recipeSettings, weightName } from '../../src/training/index.js';
import { gradientPenalty } from '../../src/training/recipes/gradient-penalty.js';
import { createPhaseContext } from '../../src/training/recipes/phase-context.js';
import type { PhaseContext } from '../../src/training/recipes/recipe.js';
import { toySettings } from './toy-problem.js';

const settings = recipeSettings(toySettings({ recipe: 'gan', loss: 'wgan-gp' }));

interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

function noise(random: Random, shape: readonly number[], scale: number): Values {
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => scale * random.normal()) };
}

describe('the gradient penalty of a critic whose slope is known', () => {
  /** D(x) = factor · x, a map of judgements: by the mean of n of them, each x counts factor / n, so that ‖∇‖ = factor / √n. */
  const penaltyOf = (factor: number, images: number) => {
    const shape = [images, 1, 4, 4];
    const builder = new GraphBuilder();
    const context: Pick<PhaseContext, 'settings' | 'apply' | 'randomInput'> = {
      settings: { ...settings, penaltyWeight: 3 },
      apply: (_, x) => mul(x, factor),
      randomInput: (name, of) => builder.input(name, of),
    };
    const [real, fake] = [builder.input('real', shape), builder.input('fake', shape)];
    builder.output('penalty', gradientPenalty(context as PhaseContext, 'D_A', real, fake));
    return evaluate(builder.build(), { inputs: {} }).outputs['penalty']!.data[0]!;
  };

  it.each([1, 3])('is λ(‖∇‖ - 1)² on %d images', images => {
    expect(penaltyOf(8, images)).toBeCloseTo(3 * (8 / 4 - 1) ** 2, 6);
    expect(penaltyOf(4, images)).toBeCloseTo(0, 6);
    expect(penaltyOf(-2, images)).toBeCloseTo(3 * (2 / 4 - 1) ** 2, 6);
  });
});

describe('the gradient penalty of each image counts by itself', () => {
  it('as the mean of what single images give', () => {
    const penalty = (batch: number, from: number) => {
      const graph = penaltyGraph({ kind: 'patch', layers: 1, width: 2, inputChannels: 3 }, batch);
      const whole = inputsOf(2);
      const inputs = Object.fromEntries(
        Object.entries(whole).map(([name, { shape, data }]) => {
          const length = data.length / 2;
          const part = data.subarray(from * length, (from + batch) * length);
          return [name, { shape: [batch, ...shape.slice(1)], data: part }];
        }),
      );
      return evaluate(graph.value, { inputs, variables: graph.variables }).outputs['penalty']!.data[0]!;
    };
    expect(penalty(2, 0)).toBeCloseTo((penalty(1, 0) + penalty(1, 1)) / 2, 8);
    expect(Math.abs(penalty(1, 0) - penalty(1, 1))).toBeGreaterThan(1e-3);
  });
});

describe('the gradient penalty has the gradient that differences of its value show', () => {
  const rgb = { width: 3, inputChannels: 3 } as const;
  it.each([
    { kind: 'patch', layers: 1, ...rgb },
    { kind: 'patch', layers: 2, norm: 'none', ...rgb },
    { kind: 'patch', layers: 1, norm: 'group', downsample: 'blur', ...rgb },
    { kind: 'pixel', ...rgb },
    { kind: 'image', layers: 2, ...rgb },
  ] as const satisfies readonly DiscriminatorSpec[])('with %j', spec => {
    const { value, slopes, variables } = penaltyGraph(spec, 1);
    const inputs = inputsOf(1);
    const penaltyNow = () => evaluate(value, { inputs, variables }).outputs['penalty']!.data[0]!;
    expect(penaltyNow()).toBeGreaterThan(0.01);
    const { outputs } = evaluate(slopes, { inputs, variables });
    const largest = Math.max(...Object.values(outputs).flatMap(({ data }) => [...data].map(Math.abs)));
    const random = new Random(4);
    let counted = 0;
    for (const [name, { data }] of Object.entries(variables)) {
      const slope = outputs[name]!.data;
      for (const at of [random.integer(data.length), random.integer(data.length)]) {
        const [centre, step] = [data[at]!, 2 ** -18];
        data[at] = centre + step;
        const above = penaltyNow();
        data[at] = centre - step;
        const difference = (above - penaltyNow()) / (2 * step);
        data[at] = centre;
        expect(Math.abs(slope[at]! - difference), `${name} ${at}`).toBeLessThan(1e-5 * largest);
        if (Math.abs(difference) > 1e-3 * largest) counted += 1;
      }
    }
    expect(counted).toBeGreaterThan(3);
  });
});

/** Images of 16², real ones, made ones, and where between them the slope is taken. */
function inputsOf(batch: number): Record<string, Values> {
  const random = new Random(11);
  return {
    real: noise(random, [batch, 3, 16, 16], 0.5),
    fake: noise(random, [batch, 3, 16, 16], 0.5),
    'mix/D_A': { shape: [batch, 1, 1, 1], data: Float64Array.from({ length: batch }, () => random.uniform()) },
  };
}

/** The penalty, and its gradient by every weight, of a discriminator with weights large enough for a slope near 1. */
function penaltyGraph(spec: DiscriminatorSpec, batch: number) {
  const networks = [{ name: 'D_A', spec }];
  const parameters = parametersOf(spec).filter(({ role, cancels }) => role !== 'statistic' && !cancels);
  const build = (outputs: (penalty: Tensor, weights: readonly Tensor[]) => Readonly<Record<string, Tensor>>) => {
    const builder = new GraphBuilder();
    const context = createPhaseContext(builder, networks, { ...settings, batch });
    const image = (name: string) => builder.input(name, [batch, 3, 16, 16]);
    const penalty = gradientPenalty(context, 'D_A', image('real'), image('fake'));
    const weights = parameters.map(({ key, shape }) => builder.variable(weightName('D_A', key), shape));
    for (const [name, tensor] of Object.entries(outputs(penalty, weights))) builder.output(name, tensor);
    return builder.build();
  };
  const names = parameters.map(({ key }) => weightName('D_A', key));
  const fresh = initialise(spec, new Random(2));
  return {
    value: build(penalty => ({ penalty })),
    slopes: build((penalty, weights) =>
      Object.fromEntries(gradients(penalty, weights).map((slope, index) => [names[index]!, slope])),
    ),
    variables: Object.fromEntries(
      parameters.map(({ key, shape }): [string, Values] => {
        const values = Float64Array.from(fresh[key]!, value => (key.endsWith('bias') ? 0.1 : 12 * value));
        return [weightName('D_A', key), { shape, data: values }];
      }),
    ),
  };
}
