/**
 * A model on the CPU gets a program of its own for the size that keeps coming: the same results but for the last digits,
 * made when it pays and not otherwise.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Engine, openEngine, type TensorData } from '../../src/engine/index.js';
import {
  add,
  conv2d,
  convTranspose2d,
  GraphBuilder,
  instanceNorm,
  reflectPad,
  relu,
  symbol,
} from '../../src/graph/index.js';
import { encodeOnnx } from '../../src/onnx/index.js';
import { seededRandom } from '../graph/random-values.js';

const random = seededRandom(5);
const values = (shape: readonly number[]) =>
  Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => random() - 0.5);

/** A residual block between a widening and a doubling, as generators have them. */
function model(width: number): Uint8Array {
  const builder = new GraphBuilder();
  const weights: Record<string, Float32Array> = {};
  const weight = (name: string, shape: readonly number[]) => {
    weights[name] = values(shape);
    return builder.variable(name, shape);
  };
  const image = builder.input('image', [symbol('batch'), 3, symbol('height'), symbol('width')]);
  const x = conv2d(image, weight('in', [width, 3, 1, 1]));
  const half = (y: typeof x, name: string) =>
    instanceNorm(conv2d(reflectPad(y, 1), weight(name, [width, width, 3, 3])));
  const block = add(x, half(relu(half(x, 'first')), 'second'));
  const doubled = convTranspose2d(block, weight('out', [width, 3, 3, 3]), { stride: 2, padding: 1, outputPadding: 1 });
  builder.output('translated', doubled);
  return encodeOnnx(builder.build(), { weights });
}

const image = (height: number, width: number, batch = 1): TensorData => {
  const shape = [batch, 3, height, width];
  return { shape, data: values(shape) };
};

describe('a model on the CPU', () => {
  let engine: Engine;
  let opened = 0;
  const count = (message: unknown) => {
    if ((message as { kind: string }).kind === 'opened') opened++;
  };
  beforeAll(async () => {
    subscribe('cyclebox:onnx-session', count);
    engine = await openEngine('cpu', { threads: 1 });
  });
  beforeEach(() => {
    opened = 0;
  });
  afterAll(async () => {
    await engine.dispose();
    unsubscribe('cyclebox:onnx-session', count);
  });

  it.each([
    ['tiles that fill the image', image(24, 24)],
    ['tiles that reach beyond it', image(26, 31)],
    ['several images', image(24, 24, 2)],
    ['an image in blocks', image(25, 170)],
  ])('gives the same results from the program that the third image of a size gets: %s', async (_, x) => {
    const program = await engine.load({ bytes: model(128) });
    const run = async () => (await program.run({ image: x }))['translated']!;
    const first = await run();
    expect(opened).toBe(1);
    await run();
    expect(opened).toBe(1);
    const third = await run();
    expect(opened).toBe(2);
    expect(third.shape).toEqual(first.shape);
    const difference = largestDifference(first.data, third.data) / largest(first.data);
    expect(difference).toBeLessThan(1e-4);
    expect(difference, 'it is another program').toBeGreaterThan(0);
    await run();
    expect(opened).toBe(2);
    await program.dispose();
  });

  it('has one such program at a time, and waits longer for the next when sizes come in turns', async () => {
    const program = await engine.load({ bytes: model(128) });
    const [a, b] = [image(24, 24), image(24, 28)];
    for (const x of [a, a, a, b, b, b, a, a, a]) await program.run({ image: x });
    // For all sizes, for a, for all sizes again, for b, and again for all sizes.
    expect(opened).toBe(5);
    await program.run({ image: a });
    expect(opened).toBe(5);
    await program.run({ image: a });
    expect(opened).toBe(6);
    await program.dispose();
  });

  it('gets none where it is too narrow to gain by it', async () => {
    const program = await engine.load({ bytes: model(64) });
    for (let run = 0; run < 4; run++) await program.run({ image: image(24, 24) });
    expect(opened).toBe(1);
    await program.dispose();
  });

  it('gets none where the engine may not take memory for speed', async () => {
    const frugal = await openEngine('cpu', { threads: 1, tailoring: false });
    const program = await frugal.load({ bytes: model(128) });
    for (let run = 0; run < 4; run++) await program.run({ image: image(24, 24) });
    expect(opened).toBe(1);
    await frugal.dispose();
  });

  it('gives memory back like any other, and goes on', async () => {
    const program = await engine.load({ bytes: model(128) });
    const x = image(24, 24);
    const first = (await program.run({ image: x }))['translated']!;
    for (let run = 0; run < 2; run++) await program.run({ image: x });
    expect(opened).toBe(2);
    await engine.releaseCaches();
    const again = (await program.run({ image: x }))['translated']!;
    expect(largestDifference(first.data, again.data)).toBe(0);
    await program.dispose();
    await expect(program.run({ image: x })).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });
});

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);
}
