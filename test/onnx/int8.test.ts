/**
 * Models that calculate in int8: ONNX Runtime's results are those of the arithmetic that is promised, computed here number by
 * number, and a generator's results stay near those in float32.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine, type Program, type TensorData } from '../../src/engine/index.js';
import { writtenFor } from '../../src/engine/onnx/written-model.js';
import { calibrate } from '../../src/model-files/index.js';
import { type GeneratorSpec, generatorGraph } from '../../src/nets/index.js';
import {
  type ChannelRanges,
  type ConvolutionRanges,
  encodeOnnx,
  exposeConvolutions,
  quantiseModel,
} from '../../src/onnx/index.js';
import { quantiseKernel } from '../../src/onnx/int8/kernel.js';
import { parseModel } from '../../src/onnx/model-file.js';
import { between, randomValues, seededRandom } from '../graph/random-values.js';
import { networkValues } from '../nets/network-values.js';
import { type NodeSpec, onnxFile } from '../support/onnx-file.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 1 });
});
afterAll(() => engine.dispose());

describe('a kernel in int8', () => {
  const kernel = Float32Array.of(1, -0.6, 0.25, 0.1, 0, 0, 0, 0, -2.2, 4, 1, 1);
  const input = { scales: Float32Array.of(0.5, 2), zeros: Uint8Array.of(3, 0) };

  it('takes the scales of its input and has one of its own for each output channel', () => {
    const { bytes, scales, offsets } = quantiseKernel(kernel, 3, input, 8);
    // The first channel's weights times their inputs' scales are 0.5, -0.3, 0.5, 0.2; the largest is 127 steps.
    expect([...scales].map(scale => scale * 127)).toEqual([expect.closeTo(0.5), expect.closeTo(0), expect.closeTo(2)]);
    expect([...bytes]).toEqual([127, -76, 127, 51, 0, 0, 0, 0, -70, 127, 127, 127]);
    expect([...offsets]).toEqual([3 * (127 - 76), 0, 3 * (127 - 70)]);
  });

  it('of 7 bits has sums of two products with bytes that 16 bits hold', () => {
    const random = seededRandom(3);
    const values = randomValues(random, [16, 8, 3, 3], between(-1, 1));
    const image = { scales: Float32Array.from({ length: 8 }, () => random() + 0.1), zeros: new Uint8Array(8) };
    const { bytes, scales } = quantiseKernel(values, 16, image, 7);
    expect(Math.max(...bytes.map(Math.abs))).toBe(64);
    const twoOf = (byte: number) => 2 * 255 * byte;
    expect(twoOf(Math.max(...bytes))).toBeLessThan(2 ** 15);
    expect(twoOf(Math.min(...bytes))).toBeGreaterThanOrEqual(-(2 ** 15));
    const steps = [...values].map((value, at) => {
      const [output, input] = [Math.floor(at / 72), Math.floor((at % 72) / 9)];
      return Math.abs((value * image.scales[input]!) / scales[output]! - bytes[at]!);
    });
    expect(Math.max(...steps)).toBeLessThan(0.5001);
  });
});

const [channels, outputs, side] = [5, 3, 6];
const random = seededRandom(7);
const weights = randomValues(random, [outputs, channels, 3, 3], between(-1, 1));
const bias = randomValues(random, [outputs], between(-2, 2));
const image: TensorData = {
  shape: [1, channels, side, side],
  data: randomValues(random, [1, channels, side, side], between(-1, 3)),
};

describe('a convolution in int8', () => {
  const ranges = {
    into: { least: [-1, -0.9, -1, -0.5, -1], most: [3, 2.5, 3, 3, 3] },
    outOf: { least: [-14, -9, -16], most: [14, 12, 11] },
  } satisfies ConvolutionRanges;

  it.each([
    ['zeros around, read as it is', { border: 'zeros', isNormalised: false, ranges }],
    ['a mirrored border, read as it is', { border: 'mirror', isNormalised: false, ranges }],
    ['a mirrored border, before an instance normalisation', { border: 'mirror', isNormalised: true, ranges }],
    [
      'zeros around, of values that are never negative',
      {
        border: 'zeros',
        isNormalised: false,
        ranges: { ...ranges, into: { least: [0, 0, 0, 0, 0], most: [3, 2.9, 3, 2.8, 3] } },
      },
    ],
  ] as const)('is the sum of bytes that it says: %s', async (_name, { border, isNormalised, ranges }) => {
    const file = convolution(border, isNormalised);
    const given = await run(quantiseModel(file, { y: ranges }, { kernelBits: await engine.kernelBits!() }));
    const wanted = reference({ border, isNormalised, ranges, most: (await engine.kernelBits!()) === 7 ? 64 : 127 });
    const isSigned = ranges.into.least.some(value => value < 0);
    const exact = await run(file, isSigned ? image : { ...image, data: image.data.map(value => Math.max(0, value)) });
    // Sums that end halfway between two bytes may go either way.
    const steps = given.map((value, at) => Math.abs(value - wanted.values[at]!) / wanted.steps[at]!);
    if (!isNormalised) expect(Math.max(...steps)).toBeLessThan(1.01);
    expect(steps.filter(step => step > 0.01).length).toBeLessThan(isNormalised ? Number.POSITIVE_INFINITY : 6);
    expect(psnr(exact, given)).toBeGreaterThan(30);
  });

  it.each([
    ['zeros around, read as it is', { border: 'zeros', isNormalised: false }],
    ['a mirrored border, read as it is', { border: 'mirror', isNormalised: false }],
    ['a mirrored border, before an instance normalisation', { border: 'mirror', isNormalised: true }],
  ] as const)('without ranges of its results keeps its sums whole: %s', async (_name, { border, isNormalised }) => {
    const file = convolution(border, isNormalised);
    const kernelBits = await engine.kernelBits!();
    const given = await run(quantiseModel(file, { y: { into: ranges.into } }, { kernelBits }));
    const { sums } = reference({ border, isNormalised, ranges, most: kernelBits === 7 ? 64 : 127, follows: true });
    const wanted = isNormalised ? normalised(sums) : sums.map(sum => -sum);
    const largest = Math.max(...wanted.map(Math.abs));
    const errors = given.map((value, at) => Math.abs(value - wanted[at]!) / largest);
    expect(Math.max(...errors)).toBeLessThan(1e-5);
  });

  /** Each channel's, less their mean and over their deviation. */
  function normalised(values: readonly number[]): readonly number[] {
    return Array.from({ length: outputs }, (_, k) => values.slice(k * side ** 2, (k + 1) * side ** 2)).flatMap(
      plane => {
        const mean = plane.reduce((sum, value) => sum + value, 0) / plane.length;
        const variance = plane.reduce((sum, value) => sum + (value - mean) ** 2, 0) / plane.length;
        return plane.map(value => (value - mean) / Math.sqrt(variance + 1e-5));
      },
    );
  }

  function convolution(border: 'zeros' | 'mirror', isNormalised: boolean): Uint8Array {
    const around: readonly NodeSpec[] =
      border === 'mirror' ? [['Pad', ['image', 'pads'], ['inside'], { mode: 'reflect' }]] : [];
    const pads = border === 'zeros' ? [1, 1, 1, 1] : [0, 0, 0, 0];
    const last: NodeSpec = isNormalised
      ? ['InstanceNormalization', ['y', 'ones', 'none'], ['out']]
      : ['Neg', ['y'], ['out']];
    return onnxFile({
      nodes: [...around, ['Conv', [border === 'mirror' ? 'inside' : 'image', 'w', 'b'], ['y'], { pads }], last],
      constants: {
        w: { shape: [outputs, channels, 3, 3], values: [...weights] },
        b: { shape: [outputs], values: [...bias] },
        pads: { shape: [8], values: [0, 0, 1, 1, 0, 0, 1, 1], as: 'int64' },
        ones: { shape: [outputs], values: [1, 1, 1] },
        none: { shape: [outputs], values: [0, 0, 0] },
      },
      inputs: { image: [1, channels, side, side] },
      outputs: ['out'],
    });
  }

  async function run(bytes: Uint8Array, shown = image): Promise<Float32Array> {
    const program = await engine.load({ bytes });
    const { out } = await program.run({ image: shown });
    await program.dispose();
    return out!.data;
  }

  /** In double precision: bytes of the input, bytes of the kernel, the byte of the sum, and what that stands for. */
  function reference({
    border,
    isNormalised,
    follows = false,
    ranges: { into, outOf },
    most,
  }: {
    readonly border: 'zeros' | 'mirror';
    readonly isNormalised: boolean;
    readonly ranges: { readonly into: ChannelRanges; readonly outOf: ChannelRanges };
    /** The largest byte of a kernel. */
    readonly most: number;
    /** Whether the steps of bytes follow an image that goes beyond the ranges. */
    readonly follows?: boolean;
  }): { readonly values: readonly number[]; readonly steps: readonly number[]; readonly sums: readonly number[] } {
    const isSigned = border === 'zeros' && into.least.some(value => value < 0);
    const inScale = into.least.map((low, c) =>
      Math.fround(isSigned ? Math.max(-low, into.most[c]!) / 127 : (into.most[c]! - low) / 255),
    );
    const inZero = into.least.map((low, c) => (isSigned ? 128 : Math.round(-low / inScale[c]!)));
    const factor = follows ? factorOf(inScale, inZero) : 1;
    const byteAt = (c: number, y: number, x: number) =>
      clamp(
        roundEven(Math.fround(image.data[(c * side + y) * side + x]! / Math.fround(inScale[c]! * factor))) + inZero[c]!,
      );
    const outScale = outOf.least.map((low, k) => (outOf.most[k]! - low) / (isNormalised ? 254 : 255));
    const outZero = outOf.least.map((low, k) => (isNormalised ? 128 : Math.round(-low / outScale[k]!)));
    const [values, steps, sums]: [number[], number[], number[]] = [[], [], []];
    for (let k = 0; k < outputs; k++) {
      const of = (c: number, cell: number) => weights[(k * channels + c) * 9 + cell]! * inScale[c]!;
      const all = Array.from({ length: channels * 9 }, (_, at) => of(Math.floor(at / 9), at % 9));
      const scale = Math.max(...all.map(Math.abs)) / most;
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) {
          let sum = 0;
          for (let c = 0; c < channels; c++)
            for (let cell = 0; cell < 9; cell++) {
              const [row, column] = [y + Math.floor(cell / 3) - 1, x + (cell % 3) - 1];
              const outside = row < 0 || column < 0 || row >= side || column >= side;
              if (outside && border === 'zeros') continue;
              const byte = byteAt(c, mirrored(row), mirrored(column));
              sum += Math.round(of(c, cell) / scale) * (byte - inZero[c]!);
            }
          const real = sum * scale * factor + bias[k]!;
          sums.push(real);
          const middle = isNormalised ? (outOf.least[k]! + outOf.most[k]!) / 2 : 0;
          const byte = clamp(roundEven((real - middle) / outScale[k]!) + outZero[k]!);
          values.push(-(byte - outZero[k]!) * outScale[k]!);
          steps.push(outScale[k]!);
        }
    }
    return { values, steps, sums };
  }

  /** How many times as far as its range the channel goes that goes farthest. */
  function factorOf(scales: readonly number[], zeros: readonly number[]): number {
    const parts = scales.flatMap((scale, c) => {
      const values = image.data.subarray(c * side ** 2, (c + 1) * side ** 2);
      const [above, below] = [scale * (255 - zeros[c]!), scale * zeros[c]!];
      return [Math.max(...values) / above, -Math.min(...values) / below];
    });
    return Math.max(1, ...parts);
  }

  const mirrored = (at: number) => Math.min(Math.abs(at), 2 * (side - 1) - Math.abs(at));
});

describe('sums that stay whole', () => {
  const [inputs, results] = [3, 4];
  const whole = (count: number, value: number) => new Array<number>(count).fill(value);
  const into = { least: whole(inputs, 0), most: whole(inputs, 255) };
  /** Whole numbers, of which each result's largest is the largest byte of 7 bits: nothing is rounded. */
  const kernelOf = (seed: number, cells: number) =>
    [...randomValues(seededRandom(seed), [results, inputs * cells], between(-64, 64))].map((value, at) =>
      at % (inputs * cells) === 0 ? 64 : Math.round(value),
    );
  const imageOf = (shape: readonly number[]): TensorData => ({
    shape,
    data: randomValues(seededRandom(2), shape, between(0, 255)).map(Math.round),
  });

  async function same(file: Uint8Array, names: readonly string[], shape: readonly number[]): Promise<void> {
    const ranges = Object.fromEntries(names.map(name => [name, { into }]));
    const given = await engine.load({ bytes: quantiseModel(file, ranges) });
    const wanted = await engine.load({ bytes: file });
    const run = async (program: Program) => (await program.run({ image: imageOf(shape) }))['out']!;
    const [found, exact] = [await run(given), await run(wanted)];
    expect(found.shape).toEqual(exact.shape);
    expect(found.data).toEqual(exact.data);
    await given.dispose();
    await wanted.dispose();
  }

  it.each([
    ['as it is', [3, 3], {}, undefined],
    ['in steps of two', [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }, undefined],
    ['in steps of two and three', [3, 2], { strides: [2, 3], pads: [1, 0, 2, 1] }, undefined],
    ['with gaps', [3, 3], { dilations: [2, 1], pads: [2, 1, 2, 1] }, undefined],
    ['mirrored', [3, 3], {}, [1, 1, 1, 1]],
    ['mirrored here and there, and zeros', [2, 3], { pads: [0, 1, 1, 0] }, [2, 0, 1, 3]],
    ['of single pixels', [1, 1], {}, undefined],
  ] as const)('are those of the convolution, %s', async (_name, [high, wide], attributes, mirror) => {
    const around: readonly NodeSpec[] = mirror ? [['Pad', ['image', 'border'], ['inside'], { mode: 'reflect' }]] : [];
    const file = onnxFile({
      nodes: [...around, ['Conv', [mirror ? 'inside' : 'image', 'w'], ['y'], attributes], ['Identity', ['y'], ['out']]],
      constants: {
        w: { shape: [results, inputs, high, wide], values: kernelOf(4, high * wide) },
        border: {
          shape: [8],
          values: [0, 0, ...(mirror ?? []).slice(0, 2), 0, 0, ...(mirror ?? []).slice(2)],
          as: 'int64',
        },
      },
      inputs: { image: ['n', inputs, 'h', 'w'] },
      outputs: ['out'],
    });
    await same(file, ['y'], [1, inputs, 7, 9]);
    await same(file, ['y'], [2, inputs, 12, 5]);
  });

  it('have one table of pixels for all convolutions of a kind over images of one size', () => {
    const block = (from: string, at: number): readonly NodeSpec[] => [
      ['Pad', [from, 'border'], [`p${at}`], { mode: 'reflect' }],
      ['Conv', [`p${at}`, 'w'], [`y${at}`]],
      ['InstanceNormalization', [`y${at}`, 'ones', 'none'], [`n${at}`]],
    ];
    const file = (halved: boolean) =>
      onnxFile({
        nodes: [
          ...block('image', 0),
          ['Relu', ['n0'], ['r']],
          ...block('r', 1),
          ['Add', ['image', 'n1'], ['sum']],
          ...(halved ? ([['AveragePool', ['sum'], ['less'], { kernel_shape: [2, 2] }]] as const) : []),
          ...block(halved ? 'less' : 'sum', 2),
          ['Identity', ['n2'], ['out']],
        ],
        constants: {
          w: { shape: [inputs, inputs, 3, 3], values: kernelOf(5, 9).slice(0, inputs ** 2 * 9) },
          border: { shape: [8], values: [0, 0, 1, 1, 0, 0, 1, 1], as: 'int64' },
          ones: { shape: [inputs], values: whole(inputs, 1) },
          none: { shape: [inputs], values: whole(inputs, 0) },
        },
        inputs: { image: ['n', inputs, 'h', 'w'] },
        outputs: ['out'],
      });
    const all = Object.fromEntries([0, 1, 2].map(at => [`y${at}`, { into }]));
    const tables = (bytes: Uint8Array) => kindsOf(quantiseModel(bytes, all)).filter(kind => kind === 'Range').length;
    expect(tables(file(false))).toBe(1);
    expect(tables(file(true))).toBe(2);
  });
});

describe('an image that goes beyond the ranges', () => {
  const wide = 8;
  const all = (value: number) => new Array<number>(wide).fill(value);
  const file = (opset: number) =>
    onnxFile({
      nodes: [
        ['Pad', ['image', 'border'], ['inside'], { mode: 'reflect' }],
        ['Conv', ['inside', 'w'], ['y']],
        ['InstanceNormalization', ['y', 'ones', 'none'], ['out']],
      ],
      constants: {
        w: { shape: [wide, wide, 3, 3], values: [...randomValues(seededRandom(8), [wide, wide, 9], between(-1, 1))] },
        border: { shape: [8], values: [0, 0, 1, 1, 0, 0, 1, 1], as: 'int64' },
        ones: { shape: [wide], values: all(1) },
        none: { shape: [wide], values: all(0) },
      },
      inputs: { image: ['n', wide, 'h', 'w'] },
      outputs: ['out'],
      opset,
    });
  const within: TensorData = {
    shape: [1, wide, 12, 12],
    data: randomValues(seededRandom(9), [1, wide, 12, 12], between(-1, 1)),
  };
  const beyond: TensorData = { ...within, data: within.data.map(value => 5 * value) };
  const into = { least: all(-1), most: all(1) };
  const outOf = { least: all(-14), most: all(14) };

  it.each([
    ['bytes', 17, { into, outOf }],
    ['whole sums', 17, { into }],
    ['whole sums, where axes are inputs', 18, { into }],
  ])('has coarser steps instead of values cut off, with %s', async (_name, opset, range) => {
    const load = (bytes: Uint8Array) => engine.load({ bytes });
    const [given, exact] = [await load(quantiseModel(file(opset), { y: range })), await load(file(opset))];
    const likeness = async (image: TensorData) => {
      const [found, wanted] = [await given.run({ image }), await exact.run({ image })];
      return psnr(wanted['out']!.data, found['out']!.data);
    };
    // Five times the same is the same after normalisation, and so are its bytes.
    expect(await likeness(beyond)).toBeCloseTo(await likeness(within), 0);
    expect(await likeness(beyond)).toBeGreaterThan(35);
    await given.dispose();
    await exact.dispose();
  });

  it('is cut off in channels that hardly go anywhere, so that the others keep their steps', async () => {
    const [quiet, loud] = [within.data.map((value, at) => (at < 144 ? value / 1000 : value)), 0.001];
    const narrow = { least: [-loud, ...all(-1).slice(1)], most: [loud, ...all(1).slice(1)] };
    const program = await engine.load({ bytes: quantiseModel(file(17), { y: { into: narrow } }) });
    const exact = await engine.load({ bytes: file(17) });
    const likeness = async (data: Float32Array) => {
      const image = { ...within, data };
      const [found, wanted] = [await program.run({ image }), await exact.run({ image })];
      return psnr(wanted['out']!.data, found['out']!.data);
    };
    const twenty = quiet.map((value, at) => (at < 144 ? 20 * value : value));
    expect(await likeness(quiet)).toBeGreaterThan(40);
    expect(await likeness(twenty)).toBeGreaterThan(35);
    await program.dispose();
    await exact.dispose();
  });
});

describe('the largest sums there are', () => {
  const [wide, size] = [64, 12];
  const whole = (value: number) => new Array<number>(wide).fill(value);
  const white = { shape: [1, wide, size, size], data: new Float32Array(wide * size ** 2).fill(1) };

  it.each([
    ['1 × 1', 1],
    ['3 × 3', 3],
    ['7 × 7', 7],
  ])('are not cut off, whatever the processor does: %s', async (_name, cells) => {
    const sum = wide * cells ** 2;
    const file = onnxFile({
      nodes: [['Conv', ['image', 'w'], ['out'], { pads: new Array<number>(4).fill((cells - 1) / 2) }]],
      constants: { w: { shape: [wide, wide, cells, cells], values: new Array<number>(wide * sum).fill(1) } },
      inputs: { image: white.shape },
      outputs: ['out'],
    });
    const into = { least: whole(0), most: whole(1) };
    for (const range of [{ into, outOf: { least: whole(0), most: whole(sum) } }, { into }]) {
      const program = await engine.load({ bytes: file }, { precision: 'int8', ranges: { out: range } });
      const { out } = await program.run({ image: white });
      await program.dispose();
      const inside = Math.floor(size / 2) * (size + 1);
      for (let channel = 0; channel < wide; channel++)
        expect(out!.data[channel * size ** 2 + inside]! / sum).toBeCloseTo(1, 2);
    }
  });
});

describe('an upsampling layer', () => {
  const [wide, out] = [6, 4];
  const phases = [0, 1, 2, 3];
  const file = onnxFile({
    nodes: [
      ...phases.map(
        (at): NodeSpec => [
          'Conv',
          ['image', `w${at}`],
          [`y${at}`],
          { pads: [at >> 1, at & 1, 1 - (at >> 1), 1 - (at & 1)] },
        ],
      ),
      ['Concat', phases.map(at => `y${at}`), ['stacked'], { axis: 1 }],
      ['DepthToSpace', ['stacked'], ['out'], { blocksize: 2, mode: 'DCR' }],
    ],
    constants: Object.fromEntries(
      phases.map(at => {
        const values = [...randomValues(seededRandom(at), [out, wide, 2, 2], between(-1, 1))];
        return [`w${at}`, { shape: [out, wide, 2, 2], values }];
      }),
    ),
    inputs: { image: ['n', wide, 'h', 'w'] },
    outputs: ['out'],
  });
  const run = async (bytes: Uint8Array, shape: readonly number[]) => {
    const program = await engine.load({ bytes });
    const data = randomValues(seededRandom(5), shape, between(-1, 1));
    const { out } = await program.run({ image: { shape, data } });
    await program.dispose();
    return out!;
  };
  it.each([[[1, wide, 5, 8]], [[2, wide, 4, 3]]])(
    'has its phases put together by rows, the same to the bit: %s',
    async shape => {
      const rewritten = quantiseModel(file, {});
      expect(kindsOf(rewritten)).not.toContain('DepthToSpace');
      const [given, wanted] = [await run(rewritten, shape), await run(file, shape)];
      expect(given.shape).toEqual([shape[0], out, 2 * shape[2]!, 2 * shape[3]!]);
      expect(given.data).toEqual(wanted.data);
    },
  );

  describe('with whole sums', () => {
    const [inputs, results] = [3, 2];
    const names = phases.map(at => `y${at}`);
    /** Whole numbers, of which one is the largest byte of 7 bits: nothing is rounded. */
    const kernelOf = (seed: number) =>
      [...randomValues(seededRandom(seed), [results * inputs * 4], between(-64, 64))].map((value, at) =>
        at % (inputs * 4) === 0 ? 64 : Math.round(value),
      );
    const doubling = (change: { readonly pads?: readonly number[]; readonly bias?: boolean } = {}) =>
      onnxFile({
        nodes: [
          ...phases.map(
            (at): NodeSpec => [
              'Conv',
              ['image', `w${at}`, ...(change.bias ? ['b'] : [])],
              [`y${at}`],
              { pads: change.pads ?? [1 - (at >> 1), 1 - (at & 1), at >> 1, at & 1] },
            ],
          ),
          ['Concat', names, ['stacked'], { axis: 1 }],
          ['DepthToSpace', ['stacked'], ['out'], { blocksize: 2, mode: 'DCR' }],
        ],
        constants: {
          ...Object.fromEntries(
            phases.map(at => [`w${at}`, { shape: [results, inputs, 2, 2], values: kernelOf(at) }] as const),
          ),
          b: { shape: [results], values: [3, -5] },
        },
        inputs: { image: ['n', inputs, 'h', 'w'] },
        outputs: ['out'],
      });
    const rangeOf = (least: number, most: number) => {
      const into = { least: new Array<number>(inputs).fill(least), most: new Array<number>(inputs).fill(most) };
      return Object.fromEntries(names.map(name => [name, { into }]));
    };
    const wholeNumbers = async (bytes: Uint8Array, shape: readonly number[], least: number, most: number) => {
      const program = await engine.load({ bytes });
      const data = randomValues(seededRandom(9), shape, between(least, most)).map(Math.round);
      const { out } = await program.run({ image: { shape, data } });
      await program.dispose();
      return out!;
    };

    it.each([
      ['of what is not negative', [1, inputs, 5, 8], 0, 255],
      ['of values with signs', [1, inputs, 4, 7], -100, 155],
      ['of two images', [2, inputs, 3, 4], -128, 127],
      ['of one pixel', [1, inputs, 1, 1], 0, 255],
    ] as const)('is one product, with the results of its convolutions: %s', async (_, shape, least, most) => {
      const rewritten = quantiseModel(doubling(), rangeOf(least, most));
      expect(kindsOf(rewritten).filter(kind => kind === 'MatMulInteger')).toHaveLength(1);
      const given = await wholeNumbers(rewritten, shape, least, most);
      const wanted = await wholeNumbers(doubling(), shape, least, most);
      expect(given.shape).toEqual(wanted.shape);
      expect(given.data).toEqual(wanted.data);
    });

    it.each([
      ['windows elsewhere', { pads: [1, 1, 0, 0] }],
      ['a bias', { bias: true }],
    ] as const)('has a product for each phase where these have %s', async (_, change) => {
      const rewritten = quantiseModel(doubling(change), rangeOf(0, 255));
      expect(kindsOf(rewritten).filter(kind => kind === 'MatMulInteger')).toHaveLength(4);
      const shape = [1, inputs, 5, 8];
      const given = await wholeNumbers(rewritten, shape, 0, 255);
      expect(given.data).toEqual((await wholeNumbers(doubling(change), shape, 0, 255)).data);
    });

    it('has coarser steps for an image that goes beyond its ranges', async () => {
      const rewritten = quantiseModel(doubling(), rangeOf(0, 100));
      const shape = [1, inputs, 6, 6];
      const given = await wholeNumbers(rewritten, shape, 0, 255);
      expect(psnr((await wholeNumbers(doubling(), shape, 0, 255)).data, given.data)).toBeGreaterThan(40);
    });
  });

  it('makes bytes of what its phases read once', async () => {
    const all = (count: number, value: number) => new Array<number>(count).fill(value);
    const range = {
      into: { least: all(wide, -1), most: all(wide, 1) },
      outOf: { least: all(out, -9), most: all(out, 9) },
    };
    const rewritten = quantiseModel(file, Object.fromEntries(phases.map(at => [`y${at}`, range])));
    const kinds = kindsOf(rewritten);
    expect(kinds.filter(kind => kind === 'QLinearConv')).toHaveLength(4);
    expect(kinds.filter(kind => kind === 'QuantizeLinear')).toHaveLength(1);
    const [given, wanted] = [await run(rewritten, [1, wide, 5, 8]), await run(file, [1, wide, 5, 8])];
    expect(psnr(wanted.data, given.data)).toBeGreaterThan(30);
  });
});

describe('a generator in int8', () => {
  const spec: GeneratorSpec = {
    ...{ kind: 'resnet', blocks: 1, width: 32, inputChannels: 3, outputChannels: 3, dropout: false },
    ...{ upsample: 'resize', norm: 'group' },
  };

  it('calibrated on some images, gives others nearly the results of float32', async () => {
    const values = Object.entries(networkValues(spec)).map(([key, { data }]) => [key, data] as const);
    const bytes = encodeOnnx(generatorGraph(spec), { weights: Object.fromEntries(values) });
    const images = Array.from({ length: 12 }, (_, seed): TensorData => {
      const data = randomValues(seededRandom(seed), [1, 3, 16, 16], between(-1, 1));
      return { shape: [1, 3, 16, 16], data };
    });
    const model = { path: 'generator.onnx', sha256: 'a'.repeat(64), bytes };
    const found = await calibrate(model, {
      ...{ engine, images: images.slice(0, 8), judged: images.slice(8), leastPsnr: 36 },
    });
    expect(found.calibration.psnr).toBeGreaterThan(35);
    expect(found.calibration.psnr).toBeLessThan(99);
    expect(found.convolutions).toHaveLength(exposeConvolutions(bytes).convolutions.length - 1); // Not the first;
    const inInt8 = found.convolutions.filter(({ rounding }) => rounding !== 'none');
    expect(inInt8.length).toBeGreaterThan(0);
    expect(Object.keys(found.calibration.convolutions)).toEqual(inInt8.map(({ name }) => name));
    for (const { name, rounding } of inInt8)
      expect(found.calibration.convolutions[name]!.outOf === undefined).toBe(rounding === 'sums');
    const mayHaveSums = found.convolutions.filter(({ psnr }) => psnr.sums !== undefined);
    expect(mayHaveSums).toHaveLength(11); // The second halving, the block, and both doublings' phases: 128 channels or more.
    for (const { psnr } of mayHaveSums) expect(psnr.sums).toBeGreaterThan(psnr.bytes!);
  });
});

describe('what cannot be int8', () => {
  const file = (opset: number) =>
    onnxFile({
      nodes: [['Conv', ['image', 'w'], ['out']]],
      constants: { w: { shape: [1, 1, 1, 1], values: [2] } },
      inputs: { image: [1, 1, 2, 2] },
      outputs: ['out'],
      opset,
    });
  const range = { into: { least: [0], most: [1] }, outOf: { least: [0], most: [2] } };

  it('is a model of an old operation set', () => {
    expect(() => quantiseModel(file(11), { out: range }, { file: 'old.onnx' })).toThrow(
      /old\.onnx is written in opset 11/,
    );
  });

  it('is one with the calibration of another', () => {
    expect(() => quantiseModel(file(17), { elsewhere: range }, { file: 'a.onnx' })).toThrow(
      /no convolution elsewhere.*Calibrate/,
    );
    const two = { least: [0, 0], most: [1, 1] };
    expect(() => quantiseModel(file(17), { out: { ...range, into: two } }, { file: 'a.onnx' })).toThrow(
      /has 1 channels at out/,
    );
  });

  it('is one on a GPU, and the error says that int8 is for the CPU', () => {
    const gpu = { id: 'webgpu', kind: 'gpu', name: 'A card' } as const;
    const asked = () => writtenFor(file(17), 'a.onnx', gpu, { precision: 'int8', ranges: { out: range } });
    expect(asked).toThrow(/int8 is for the CPU.*--engine cpu/);
  });

  it('is one without a calibration, and the error says how to get one', async () => {
    const asked = engine.load({ bytes: file(17), name: 'plain.onnx' }, { precision: 'int8' });
    await expect(asked).rejects.toThrow(/plain\.onnx is not calibrated.*cyclebox models quantize/);
    await expect(asked).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});

function kindsOf(bytes: Uint8Array): readonly string[] {
  return parseModel(bytes, 'the file').graph!.node.map(({ opType }) => opType);
}

function clamp(byte: number): number {
  return Math.max(0, Math.min(255, byte));
}

function roundEven(value: number): number {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/** In dB, of the spread of the first. */
function psnr(exact: Float32Array, near: Float32Array): number {
  const squares = exact.reduce((sum, value, at) => sum + (value - near[at]!) ** 2, 0) / exact.length;
  const largest = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return 10 * Math.log10((2 * largest) ** 2 / squares);
}
