/** The measures of evaluations one by one, on made pictures and against formulas written out. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { clippedShare, lightCorrelation, varietyOf } from '../../src/training/evaluation/appearance.js';
import { classesOf, learnColourClasses, parseColourClasses } from '../../src/training/evaluation/colour-classes.js';
import { downscaleImage } from '../../src/training/evaluation/downscale.js';
import { edgeCorrelation } from '../../src/training/evaluation/edge-correlation.js';
import { FourierTransform } from '../../src/training/evaluation/fourier.js';
import { frechetDistance } from '../../src/training/evaluation/frechet-distance.js';
import { gridEnergyOf, gridEnergyOfPlanes } from '../../src/training/evaluation/grid-energy.js';
import { kernelDistance } from '../../src/training/evaluation/kernel-distance.js';
import { laplacianPyramid, pyramidSides } from '../../src/training/evaluation/laplacian-pyramid.js';
import { classMeasures, pairedMeasures } from '../../src/training/evaluation/paired-measures.js';
import {
  asStored,
  differenceOf,
  imageOf,
  luminanceOf,
  mirrored,
  type Planes,
  pictureOf,
  planesOf,
  tensorOf,
} from '../../src/training/evaluation/planes.js';
import { projectedSet, slicedWasserstein } from '../../src/training/evaluation/sliced-wasserstein.js';
import { structuralSimilarity } from '../../src/training/evaluation/structural-similarity.js';
import { symmetricEigenvalues } from '../../src/training/evaluation/symmetric-eigenvalues.js';
import { changed, scene, scenes, striped } from '../support/made-images.js';

const flat = (value: number, side = 64): Planes => ({
  width: side,
  height: side,
  data: new Float32Array(3 * side * side).fill(value),
});

describe('planes', () => {
  it('come from bytes and go back to the same bytes', () => {
    const rgb = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => (i * 37) % 256);
    expect(pictureOf(planesOf({ width: 5, height: 4, rgb }))).toMatchObject({ width: 5, height: 4, rgb });
  });

  it('are stored on 256 levels, cut off at white and black, and grey where there is no number', () => {
    const { data } = asStored({ width: 2, height: 1, data: Float32Array.of(-3, 2, 0.5, Number.NaN, 1, -1) });
    expect([...data].map(value => Math.round((value + 1) * 127.5))).toEqual([0, 255, 191, 128, 255, 0]);
  });

  it('become one tensor and come out of it again', () => {
    const images = scenes(3, 1);
    expect(tensorOf(images).shape).toEqual([3, 3, 64, 64]);
    expect(imageOf(tensorOf(images), 2).data).toEqual(images[2]!.data);
  });

  it('are mirrored row by row', () => {
    const image = scene(1);
    expect(mirrored(image).data[0]).toBe(image.data[63]);
    expect(mirrored(mirrored(image)).data).toEqual(image.data);
  });
});

describe('shrinking', () => {
  it('averages what each pixel covers, whole and partly', () => {
    const ramp = { width: 3, height: 3, data: Float32Array.from({ length: 27 }, (_, i) => i % 3) };
    const { data } = downscaleImage(ramp, 2, 2);
    // The first of two pixels covers 0 whole and half of 1: (0 + 0.5) / 1.5.
    expect(data[0]).toBeCloseTo(1 / 3, 6);
    expect(data[1]).toBeCloseTo(5 / 3, 6);
  });

  it('keeps the mean', () => {
    const mean = ({ data }: Planes) => data.reduce((sum, value) => sum + value, 0) / data.length;
    const image = scene(5);
    for (const side of [63, 40, 16, 7]) expect(mean(downscaleImage(image, side, side))).toBeCloseTo(mean(image), 5);
  });
});

describe('the Fourier transform', () => {
  it('is the sum that defines it, on a square', () => {
    const size = 8;
    const random = new Random(1);
    const [real, imaginary] = [0, 1].map(() => Float64Array.from({ length: 64 }, () => random.normal())) as [
      Float64Array,
      Float64Array,
    ];
    const [re, im] = [real.slice(), imaginary.slice()];
    new FourierTransform(size).square(re, im);
    for (const [v, u] of [
      [0, 0],
      [1, 3],
      [5, 7],
    ] as const) {
      let [sumRe, sumIm] = [0, 0];
      for (let at = 0; at < 64; at++) {
        const angle = (-2 * Math.PI * (u * (at % size) + v * Math.floor(at / size))) / size;
        sumRe += real[at]! * Math.cos(angle) - imaginary[at]! * Math.sin(angle);
        sumIm += real[at]! * Math.sin(angle) + imaginary[at]! * Math.cos(angle);
      }
      expect(re[v * size + u]).toBeCloseTo(sumRe, 9);
      expect(im[v * size + u]).toBeCloseTo(sumIm, 9);
    }
  });
});

describe('what is kept of the content', () => {
  const image = scene(7);

  it('is everything of an unchanged image', () => {
    expect(edgeCorrelation(image, image)).toBeCloseTo(1, 9);
    expect(structuralSimilarity(image, image)).toBeCloseTo(1, 9);
  });

  it('is next to nothing of another scene', () => {
    const others = scenes(20, 100);
    const mean = (measure: (a: Planes, b: Planes) => number) =>
      others.reduce((sum, other) => sum + measure(image, other), 0) / others.length;
    expect(Math.abs(mean(edgeCorrelation))).toBeLessThan(0.15);
    expect(mean(structuralSimilarity)).toBeLessThan(0.6);
  });

  it('edges: stay where they are under another style of colours, and when light and dark are exchanged', () => {
    expect(
      edgeCorrelation(
        image,
        changed(image, value => -value),
      ),
    ).toBeCloseTo(1, 5);
    expect(
      edgeCorrelation(
        image,
        changed(image, value => 0.5 * value + 0.2),
      ),
    ).toBeGreaterThan(0.99);
    expect(edgeCorrelation(image, flat(0.3))).toBe(0);
  });

  it('SSIM: is that of the paper, with the window written out as a square', () => {
    const other = striped(image);
    expect(structuralSimilarity(image, other)).toBeCloseTo(plainSimilarity(image, other), 6);
    const negative = changed(image, value => -value);
    expect(structuralSimilarity(image, negative)).toBeLessThan(0.1);
  });
});

/** Wang et al. 2004, equations 13 to 16, window by window. */
function plainSimilarity(a: Planes, b: Planes): number {
  const [x, y] = [luminanceOf(a).data, luminanceOf(b).data];
  const weights: number[] = [];
  for (let dy = -5; dy <= 5; dy++)
    for (let dx = -5; dx <= 5; dx++) weights.push(Math.exp(-(dx * dx + dy * dy) / (2 * 1.5 * 1.5)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  let [sum, count] = [0, 0];
  for (let top = 5; top < a.height - 5; top++) {
    for (let left = 5; left < a.width - 5; left++) {
      const mean = (value: (at: number) => number) => {
        let result = 0;
        for (let k = 0; k < weights.length; k++) {
          result += (weights[k]! / total) * value((top - 5 + Math.floor(k / 11)) * a.width + left - 5 + (k % 11));
        }
        return result;
      };
      const [mx, my] = [mean(at => x[at]!), mean(at => y[at]!)];
      const vx = mean(at => (x[at]! - mx) ** 2);
      const vy = mean(at => (y[at]! - my) ** 2);
      const vxy = mean(at => (x[at]! - mx) * (y[at]! - my));
      sum += ((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2));
      count++;
    }
  }
  return sum / count;
}

describe('the grid measure', () => {
  const level = 1 / 127.5;
  const images = scenes(8, 200, 128);
  const clean = gridEnergyOf(images);
  const over = (pattern: (x: number, y: number) => number) =>
    gridEnergyOf(images.map(image => changed(image, (value, x, y) => value + pattern(x, y))));

  it('finds none on clean images', () => {
    expect(Math.abs(clean.period2)).toBeLessThan(2);
    expect(Math.abs(clean.period4)).toBeLessThan(2);
  });

  it('finds a checkerboard of two grey levels, as period 2 alone', () => {
    const { period2, period4 } = over((x, y) => ((x + y) % 2 === 0 ? 2 * level : -2 * level));
    expect(period2 - clean.period2).toBeGreaterThan(6);
    expect(Math.abs(period4 - clean.period4)).toBeLessThan(0.5);
  });

  it('finds lines and dots of every fourth pixel as period 4, the stronger the more', () => {
    const columns = over(x => (x % 4 === 0 ? 12 * level : 0));
    const dots = [8, 16, 32].map(height => over((x, y) => (x % 4 === 0 && y % 4 === 0 ? height * level : 0)).period4);
    expect(columns.period4 - clean.period4).toBeGreaterThan(2);
    expect(dots[0]! - clean.period4).toBeGreaterThan(1);
    expect(dots[1]!).toBeGreaterThan(dots[0]! + 2);
    expect(dots[2]!).toBeGreaterThan(dots[1]! + 2);
  });

  it('finds dots that are there in a part of the image only', () => {
    const { period4 } = over((x, y) => (x < 48 && y < 48 && x % 4 === 0 && y % 4 === 0 ? 16 * level : 0));
    expect(period4 - clean.period4).toBeGreaterThan(2);
  });

  it('is blind to noise and to patterns of other periods', () => {
    const random = new Random(3);
    for (const energy of [over(() => 4 * level * random.normal()), over(x => (x % 3 === 0 ? 4 * level : 0))]) {
      expect(Math.abs(energy.period4 - clean.period4)).toBeLessThan(1);
      expect(energy.period2 - clean.period2).toBeLessThan(2);
    }
  });

  it('measures single channels, such as a difference', () => {
    const random = new Random(4);
    const noise = (x: number, y: number) => 10 * random.normal() + ((x + y) % 2 === 0 ? 8 : 0);
    const data = Float32Array.from({ length: 64 * 64 }, (_, at) => noise(at % 64, Math.floor(at / 64)));
    expect(gridEnergyOfPlanes([{ width: 64, height: 64, data }]).period2).toBeGreaterThan(4);
  });
});

describe('the Laplacian pyramid', () => {
  it('halves even sides down to 16', () => {
    expect(pyramidSides(256)).toEqual([256, 128, 64, 32, 16]);
    expect(pyramidSides(200)).toEqual([200, 100, 50, 25]);
    expect(pyramidSides(33)).toEqual([33]);
  });

  it('has nothing but the last level for a flat image, and detail in the first for fine patterns', () => {
    const energy = (image: Planes) =>
      laplacianPyramid(image).map(({ data }) => data.reduce((sum, value) => sum + value * value, 0) / data.length);
    const [fine, coarse, rest] = energy(flat(0.5));
    expect(fine).toBeCloseTo(0, 9);
    expect(coarse).toBeCloseTo(0, 9);
    expect(rest).toBeCloseTo(0.25, 6);
    const checkered = energy(changed(flat(0), (_, x, y) => ((x + y) % 2 === 0 ? 0.5 : -0.5)));
    expect(checkered[0]).toBeGreaterThan(0.2);
    expect(checkered[1]! + checkered[2]!).toBeLessThan(1e-3);
  });
});

describe('the sliced Wasserstein distance', () => {
  const images = scenes(12, 300);
  const set = (some: readonly Planes[]) => projectedSet(some, 768, 1);
  const here = set(images);

  it('is 0 to itself, and to the same images with other brightness and contrast', () => {
    expect(slicedWasserstein(here, here).mean).toBe(0);
    const duller = set(images.map(image => changed(image, value => 0.5 * value + 0.1)));
    expect(slicedWasserstein(here, duller).mean).toBeLessThan(0.01);
  });

  it('is larger to another style than to other images of the same', () => {
    const others = set(scenes(12, 400));
    const stripes = set(scenes(12, 400).map(striped));
    const [same, other] = [slicedWasserstein(here, others), slicedWasserstein(here, stripes)];
    expect(same.levels.map(({ side }) => side)).toEqual([64, 32, 16]);
    expect(other.mean).toBeGreaterThan(2 * same.mean);
    expect(slicedWasserstein(stripes, here).mean).toBeCloseTo(other.mean, 6);
  });
});

describe('distances of features', () => {
  const random = new Random(9);
  const rows = (count: number, width: number, shift = 0, scale = 1) =>
    Array.from({ length: count }, () => Float32Array.from({ length: width }, () => shift + scale * random.normal()));

  it('eigenvalues: are those of a matrix that has them by construction', () => {
    const size = 30;
    const matrix = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      matrix[i * size + i] = 2;
      if (i > 0) matrix[i * size + i - 1] = matrix[(i - 1) * size + i] = -1;
    }
    const expected = Array.from({ length: size }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (size + 1)));
    expect([...symmetricEigenvalues(matrix, size)].map((value, k) => value - expected[k]!)).toEqual(
      expected.map(() => expect.closeTo(0, 10)),
    );
  });

  it('eigenvalues: of a full matrix have its trace and its squares’ sum; of products of few rows, zeros', () => {
    const size = 24;
    const factor = rows(5, size);
    const matrix = Float64Array.from({ length: size * size }, (_, at) =>
      factor.reduce((sum, row) => sum + row[at % size]! * row[Math.floor(at / size)]!, 0),
    );
    const values = symmetricEigenvalues(matrix, size);
    const squares = matrix.reduce((sum, value) => sum + value * value, 0);
    const trace = Array.from({ length: size }, (_, i) => matrix[i * size + i]!).reduce((sum, value) => sum + value, 0);
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(trace, 8);
    expect(values.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(squares, 6);
    expect(Math.max(...values.slice(0, size - 5).map(Math.abs))).toBeLessThan(1e-10);
  });

  it('eigenvalues: a matrix with values that are no numbers is refused and does not hang', () => {
    expect(() => symmetricEigenvalues(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2)).toThrow(/not finite/);
  });

  it('FID: of one feature it is the difference of means squared plus that of deviations squared', () => {
    const [a, b] = [rows(50, 1, 1, 2), rows(40, 1, -0.5, 0.7)];
    const moments = (set: readonly Float32Array[]) => {
      const mean = set.reduce((sum, [value]) => sum + value!, 0) / set.length;
      const variance = set.reduce((sum, [value]) => sum + (value! - mean) ** 2, 0) / (set.length - 1);
      return { mean, deviation: Math.sqrt(variance) };
    };
    const [p, q] = [moments(a), moments(b)];
    expect(frechetDistance(a, b)).toBeCloseTo((p.mean - q.mean) ** 2 + (p.deviation - q.deviation) ** 2, 8);
  });

  it('FID: is the same whether images or features are more', () => {
    const [a, b] = [rows(12, 4), rows(15, 4, 0.3, 1.5)];
    const padded = (set: readonly Float32Array[]) =>
      set.map(row => Float32Array.from({ length: 40 }, (_, i) => row[i] ?? 0));
    expect(frechetDistance(padded(a), padded(b))).toBeCloseTo(frechetDistance(a, b), 6);
    expect(frechetDistance(a, a)).toBeCloseTo(0, 6);
  });

  it('KID: of sets whose rows are all equal, it is the three kernel values put together', () => {
    const [x, y] = [Float32Array.of(1, 2), Float32Array.of(0.5, -1)];
    const kernel = (a: Float32Array, b: Float32Array) => ((a[0]! * b[0]! + a[1]! * b[1]!) / 2 + 1) ** 3;
    const { mean, deviation } = kernelDistance(Array(6).fill(x), Array(8).fill(y), 1);
    expect(mean).toBeCloseTo(kernel(x, x) + kernel(y, y) - 2 * kernel(x, y), 6);
    expect(deviation).toBeCloseTo(0, 9);
  });

  it('KID: is without bias for sets of one distribution, and far above that for others', () => {
    const same = kernelDistance(rows(60, 8), rows(60, 8), 1);
    const other = kernelDistance(rows(60, 8), rows(60, 8, 0.8), 1);
    expect(Math.abs(same.mean)).toBeLessThan(2 * same.deviation);
    expect(other.mean).toBeGreaterThan(4 * other.deviation);
  });
});

describe('true counterparts', () => {
  it('are compared by L1, PSNR and SSIM', () => {
    const truths = [flat(0), flat(0.5)];
    const { l1, psnr, similarity } = pairedMeasures([flat(0.2), flat(0.5)], truths);
    // One of two images is off by a tenth of the range everywhere.
    expect(l1).toBeCloseTo(0.05, 6);
    expect(psnr).toBeCloseTo(-10 * Math.log10(0.01 / 2), 5);
    expect(similarity).toBeGreaterThan(0.9);
    expect(pairedMeasures(truths, truths)).toEqual({ l1: 0, psnr: 100, similarity: 1 });
  });

  it('have classes by their colours: accuracy, what one class alone would get, and each class by itself', () => {
    const classes = parseColourClasses('dark=#202020,light=#e0e0e0/#ffffff');
    if (typeof classes === 'number') throw new Error('classes were named');
    // A quarter of the truth is light; the image finds half of that, and takes nothing dark for light.
    const truth = changed(flat(0), (_, x) => (x < 16 ? 0.8 : -0.8));
    const image = changed(flat(0), (_, x, y) => (x < 16 && y < 32 ? 0.8 : -0.8));
    expect(classesOf(truth, classes).slice(14, 18)).toEqual(Uint8Array.of(1, 1, 0, 0));
    expect(classMeasures([image], [truth], classes)).toEqual({
      accuracy: expect.closeTo(0.875, 9),
      constantAccuracy: 0.75,
      balancedAccuracy: expect.closeTo(0.75, 9),
      intersectionOverUnion: expect.closeTo((0.75 / 0.875 + 0.5) / 2, 9),
      classes: [
        { name: 'dark', share: 0.75, accuracy: 1, intersectionOverUnion: expect.closeTo(0.75 / 0.875, 9) },
        { name: 'light', share: 0.25, accuracy: 0.5, intersectionOverUnion: 0.5 },
      ],
    });
  });

  it('teach their colours, most frequent first', () => {
    const map = changed(flat(0), (_, x) => (x < 40 ? -0.8 : x < 58 ? 0.2 : 0.8));
    const learned = learnColourClasses([map, map], 3, 1);
    expect(learned.map(({ name }) => name)).toEqual(['#191919', '#999999', '#e6e6e6']);
    expect(learnColourClasses([map, map], 3, 1)).toEqual(learned);
  });

  it.each(['water', 'water=blue,land=#ffffff', 'water=#0000ff', 'a=#0000ff,a=#00ff00', '1', '99'])(
    'classes "%s" are refused with an example',
    text => {
      expect(() => parseColourClasses(text)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(/#|from 2 to 32/) }),
      );
    },
  );
});

describe('appearance', () => {
  it('variety is 0 for images that are all alike, and falls when they approach each other', () => {
    const images = scenes(8, 500);
    const closer = images.map(image => changed(image, value => 0.2 * value));
    expect(varietyOf(images.map(() => images[0]!))).toBe(0);
    expect(varietyOf(closer)).toBeCloseTo(0.2 * varietyOf(images), 2);
    expect(varietyOf(images.slice(0, 1))).toBe(0);
  });

  it('light correlates with itself, and against itself when it is inverted', () => {
    const image = scene(8);
    const duller = changed(image, value => 0.5 * value + 0.2);
    expect(lightCorrelation(image, duller)).toBeGreaterThan(0.99);
    expect(
      lightCorrelation(
        image,
        changed(image, value => -value),
      ),
    ).toBeCloseTo(-1, 5);
  });

  it('counts values at the ends of the range', () => {
    expect(clippedShare([flat(1), flat(0.5)])).toBe(0.5);
    expect(differenceOf(flat(1), flat(-1))).toBe(1);
  });
});
