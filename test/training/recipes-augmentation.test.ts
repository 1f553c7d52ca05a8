/** Differentiable augmentation: what becomes of an image, by which draws, and that nothing but discriminators sees it. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { evaluate } from '../../src/engine/index.js';
import { GraphBuilder, sizeOf } from '../../src/graph/index.js';
import {
  type Augmentation,
  augmentations,
  buildPhase,
  type Recipe,
  recipeIds,
  recipeOf,
  recipeSettings,
} from '../../src/training/index.js';
import { augment } from '../../src/training/recipes/augmentation.js';
import type { RandomFill } from '../../src/training/recipes/random-fill.js';
import { expectGradients } from '../graph/central-differences.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
import { toySettings } from './toy-problem.js';

const [n, channels, side] = [3, 3, 16];
const plane = side * side;

interface Seen {
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly draws: Readonly<Record<string, Float64Array>>;
}

/** `n` images as a discriminator sees them, each of them `copies` times one behind the other in the channels. */
function see(kinds: readonly Augmentation[], seed: number, copies = 1): Seen {
  const shape = [n, copies * channels, side, side];
  const builder = new GraphBuilder();
  const asked = new Map<string, { shape: readonly number[]; draw: RandomFill }>();
  const drawn = (name: string, of: readonly number[], draw: RandomFill) => {
    asked.set(name, { shape: of, draw });
    return builder.input(name, of);
  };
  builder.output('seen', augment(builder.input('x', shape), kinds, channels, drawn));
  const images = Float64Array.from(randomValues(seededRandom(3), [n, channels, side, side]));
  const before = Float64Array.from({ length: sizeOf(shape) }, (_, at) => {
    const image = Math.floor(at / (copies * channels * plane));
    return images[image * channels * plane + (at % (channels * plane))]!;
  });
  const random = new Random(seed);
  const draws = Object.fromEntries([...asked].map(([name, what]) => [name, filled(what, random)]));
  const inputs = Object.fromEntries(
    [...asked].map(([name, what]) => [name, { shape: what.shape, data: draws[name]! }] as const),
  );
  const { outputs } = evaluate(builder.build(), { inputs: { ...inputs, x: { shape, data: before } } });
  return { before, after: outputs['seen']!.data, draws };
}

function filled({ shape, draw }: { shape: readonly number[]; draw: RandomFill }, random: Random): Float64Array {
  const values = new Float32Array(sizeOf(shape));
  draw(random, values);
  return Float64Array.from(values);
}

/** Planes of one image, one after the other. */
const imageOf = (values: Float64Array, index: number) =>
  values.subarray(index * channels * plane, (index + 1) * channels * plane);

const mean = (values: Iterable<number>) => {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

describe('color', () => {
  it('changes brightness, saturation and contrast of each image by draws of its own', () => {
    const { before, after, draws } = see(['color'], 1);
    for (let image = 0; image < n; image++) {
      const [brightness, saturation, contrast] = ['brightness', 'saturation', 'contrast'].map(
        name => draws[name]![image]!,
      ) as [number, number, number];
      const brighter = imageOf(before, image).map(value => value + brightness - 0.5);
      const saturated = brighter.map((value, at) => {
        const grey = mean([0, 1, 2].map(channel => brighter[channel * plane + (at % plane)]!));
        return grey + (value - grey) * 2 * saturation;
      });
      const level = mean(saturated);
      const expected = saturated.map(value => level + (value - level) * (contrast + 0.5));
      imageOf(after, image).forEach((value, at) => {
        expect(value).toBeCloseTo(expected[at]!, 6);
      });
    }
    expect(new Set(draws['brightness']).size).toBe(n);
  });
});

describe('translation', () => {
  /** By how many lines the matrix of each image moves. */
  const shifts = (matrices: Float64Array) =>
    Array.from({ length: n }, (_, image) => {
      const matrix = matrices.subarray(image * plane, (image + 1) * plane);
      const one = matrix.indexOf(1);
      return (one % side) - Math.floor(one / side);
    });

  it('moves each image by whole pixels, with zeros around', () => {
    const { before, after, draws } = see(['translation'], 4);
    const [down, right] = [shifts(draws['shift-rows']!), shifts(draws['shift-columns']!)];
    expect([...down, ...right].some(by => by !== 0)).toBe(true);
    for (let image = 0; image < n; image++) {
      const [from, to] = [imageOf(before, image), imageOf(after, image)];
      to.forEach((value, at) => {
        const [channel, y, x] = [Math.floor(at / plane), Math.floor((at % plane) / side), at % side];
        const [sourceY, sourceX] = [y + down[image]!, x + right[image]!];
        const inside = sourceY >= 0 && sourceY < side && sourceX >= 0 && sourceX < side;
        expect(value).toBe(inside ? from[channel * plane + sourceY * side + sourceX]! : 0);
      });
    }
  });

  it('by an eighth of the side at most, either way', () => {
    const drawn = new Set(
      Array.from({ length: 60 }, (_, seed) => see(['translation'], seed).draws).flatMap(draws => [
        ...shifts(draws['shift-rows']!),
        ...shifts(draws['shift-columns']!),
      ]),
    );
    expect([...drawn].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });
});

describe('cutout', () => {
  it('greys a square of half the side, perhaps in part beyond the border, and nothing else', () => {
    const { before, after } = see(['cutout'], 2);
    for (let image = 0; image < n; image++) {
      const [from, to] = [imageOf(before, image), imageOf(after, image)];
      const cut = [...to.keys()].filter(at => to[at] !== from[at]);
      const [rows, columns] = [
        new Set(cut.map(at => Math.floor((at % plane) / side))),
        new Set(cut.map(at => at % side)),
      ];
      expect(cut.every(at => to[at] === 0)).toBe(true);
      expect(cut).toHaveLength(channels * rows.size * columns.size);
      expect(Math.max(rows.size, columns.size)).toBeLessThanOrEqual(side / 2);
      expect(Math.min(rows.size, columns.size)).toBeGreaterThanOrEqual(side / 4);
    }
  });

  it('as often at one end as at the other', () => {
    const masks = Array.from({ length: 400 }, (_, seed) => see(['cutout'], seed).draws['cutout']!);
    const cutAt = (place: number) => mean(masks.map(mask => 1 - mask[place]!));
    const [first, middle, last] = [cutAt(0), cutAt(plane / 2 + side / 2), cutAt(plane - 1)];
    expect(Math.abs(first - last)).toBeLessThan(0.1);
    expect(middle).toBeGreaterThan(first);
  });
});

describe('augmentation', () => {
  it('has the gradient that differences show', () => {
    const random = new Random(5);
    const x = { name: 'x', shape: [1, 3, 8, 8], values: randomValues(seededRandom(6), [1, 3, 8, 8]) };
    expectGradients([x], ([image]) =>
      augment(image!, augmentations, channels, (_, shape, draw) => {
        const values = new Float32Array(sizeOf(shape));
        draw(random, values);
        return image!.builder.constant(values, shape);
      }),
    );
  });

  it('is nothing by default', () => {
    const { before, after, draws } = see([], 1);
    expect(after).toEqual(before);
    expect(draws).toEqual({});
  });

  it('changes images that are seen together alike', () => {
    const alone = see(augmentations, 8).after;
    const twice = see(augmentations, 8, 2).after;
    for (let image = 0; image < n; image++) {
      const expected = [...imageOf(alone, image)];
      expect([...imageOf(twice, 2 * image)]).toEqual(expected);
      expect([...imageOf(twice, 2 * image + 1)]).toEqual(expected);
    }
  });

  const withDiscriminators = recipeIds.filter(id => recipeOf({ recipe: id }).uses.includes('augment'));

  it('is there for every recipe that has discriminators', () => {
    expect(withDiscriminators).toEqual(['cyclegan', 'cut', 'gan', 'pix2pix']);
  });

  it.each(withDiscriminators)(
    'of %s has draws of its own for every image that is shown, and leaves what is handed on as it is',
    recipe => {
      const phases = (augment: readonly Augmentation[]) => {
        const settings = toySettings({ recipe, augment, width: 2, discriminatorWidth: 2 });
        const described: Recipe = recipeOf(settings);
        return described.phases.map(phase => buildPhase(described, phase, recipeSettings(settings)));
      };
      const [making, judging] = phases(augmentations).map(({ randomInputs }) =>
        [...randomInputs.keys()].filter(name => name.endsWith('/cutout')),
      );
      const critics = recipe === 'cyclegan' || recipe === 'gan' ? ['D_A', 'D_B'] : ['D_A'];
      expect(making).toEqual(critics.map(critic => `${critic}/fooling/cutout`));
      expect(judging).toEqual(critics.flatMap(critic => [`${critic}/real/cutout`, `${critic}/fake/cutout`]));
      const plain = phases([])[0]!.graph;
      const changed = phases(augmentations)[0]!.graph;
      expect(ancestry(changed, 'fakeB')).toEqual(ancestry(plain, 'fakeB'));
    },
  );
});

/** Operations and leaves that an output is computed from, in order. */
function ancestry(graph: ReturnType<typeof buildPhase>['graph'], output: string): string[] {
  const needed = new Set([graph.outputs[output]!]);
  for (let id = graph.outputs[output]!; id >= 0; id--) {
    if (needed.has(id)) for (const input of graph.nodes[id]!.inputs) needed.add(input);
  }
  return [...needed]
    .sort((a, b) => a - b)
    .map(id => {
      const node = graph.nodes[id]!;
      return `${node.op} ${'name' in node.attributes ? node.attributes.name : node.shape}`;
    });
}
