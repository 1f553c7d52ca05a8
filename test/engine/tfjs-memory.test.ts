/** Tensors of TensorFlow.js are freed by hand: nothing of a run may stay but what the state and the caches hold. */
import { createRequire } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import type { Engine, TensorData } from '../../src/engine/index.js';
import { openTfjsEngine, type TfjsBackend } from '../../src/engine/tfjs/index.js';
import { GraphBuilder, symbol } from '../../src/graph/index.js';
import { encodeOnnx } from '../../src/onnx/index.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
import { initialWeights, residualGenerator, trainingStep } from './conformance-networks.js';

// The engine calls what this object holds, so that a test can put a failing operation there.
const tf = createRequire(import.meta.url)('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core');
const counted = () => tf.memory().numTensors;
const picture = (...shape: number[]): TensorData => ({ shape, data: randomValues(seededRandom(3), shape) });

const step = trainingStep();
const weights = initialWeights(step);
const inputs = { source: picture(2, 3, 10, 8), real: picture(2, 3, 10, 8) };

describe.each<TfjsBackend>(['wasm', 'cpu'])('on the backend %s', backend => {
  let engine: Engine | undefined;
  afterEach(async () => {
    await engine?.dispose();
    engine = undefined;
  });

  it('a hundred training steps leave no tensor behind, and disposing leaves none at all', async () => {
    engine = await openTfjsEngine({ backend });
    const before = counted();
    const state = await engine.createState(weights);
    const program = await engine.compile(step, { state });
    await program.run(inputs);
    const afterOne = counted();
    for (let run = 0; run < 100; run++) await program.run(inputs);
    expect(counted()).toBe(afterOne);
    await state.read();
    await state.write(weights);
    expect(counted()).toBe(afterOne);
    await program.dispose();
    await state.dispose();
    expect(counted()).toBe(before);
  });

  it('a model run at many sizes keeps its weights once, and gives them back', async () => {
    engine = await openTfjsEngine({ backend });
    const before = counted();
    const program = await engine.load({ bytes: generator() });
    await program.run({ image: picture(1, 3, 8, 8) });
    const weights = counted() - before;
    expect(weights).toBeGreaterThan(0);
    for (let run = 0; run < 100; run++) await program.run({ image: picture(1, 3, 8 + 4 * (run % 9), 8) });
    expect(counted() - before).toBeLessThanOrEqual(weights);
    await engine.releaseCaches();
    expect(counted()).toBe(before);
    await program.run({ image: picture(1, 3, 8, 8) });
    expect(counted() - before).toBe(weights);
    await program.dispose();
    expect(counted()).toBe(before);
  });

  it('a run that fails half way leaves nothing behind and the state as it was', async () => {
    engine = await openTfjsEngine({ backend });
    const state = await engine.createState(weights);
    const program = await engine.compile(step, { state });
    await program.run(inputs);
    const [tensors, values] = [counted(), await state.read()];
    const { tanh } = tf;
    const fail = (message: string) =>
      Object.assign(tf, {
        tanh: () => {
          throw new Error(message);
        },
      });
    try {
      fail('OOM when allocating tensor with shape [2,4,10,8]');
      await expect(program.run(inputs)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
      fail('a kernel that is broken');
      await expect(program.run(inputs)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    } finally {
      Object.assign(tf, { tanh });
    }
    expect(counted()).toBe(tensors);
    expect(await state.read()).toEqual(values);
    await program.run(inputs);
    await state.dispose();
  });
});

it('a backend that gave up says so from then on, and can still be closed', async () => {
  const engine = await openTfjsEngine({ backend: 'cpu' });
  const program = await engine.load({ bytes: generator() });
  const image = picture(1, 3, 8, 8);
  const { tanh } = tf;
  try {
    const fail = () => {
      throw new Error('Aborted(). Build with -sASSERTIONS for more info.');
    };
    Object.assign(tf, { tanh: fail });
    await expect(program.run({ image })).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  } finally {
    Object.assign(tf, { tanh });
  }
  await expect(program.run({ image })).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  await program.dispose();
  await engine.dispose();
});

it('two backends in one process take turns without mixing', async () => {
  const engines = await Promise.all([openTfjsEngine({ backend: 'wasm' }), openTfjsEngine({ backend: 'cpu' })]);
  const programs = await Promise.all(engines.map(engine => engine.load({ bytes: generator() })));
  const image = picture(1, 3, 8, 12);
  const rounds = await Promise.all([0, 1, 2].flatMap(() => programs.map(program => program.run({ image }))));
  const [first] = rounds;
  for (const { translated } of rounds) {
    expect(translated!.data.every((value, at) => Math.abs(value - first!['translated']!.data[at]!) < 1e-4)).toBe(true);
  }
  await Promise.all(engines.map(engine => engine.dispose()));
});

/** A model file with symbolic sizes. */
function generator(): Uint8Array {
  const builder = new GraphBuilder();
  const image = builder.input('image', [symbol('n'), 3, symbol('height', 4), symbol('width', 4)]);
  builder.output('translated', residualGenerator(builder, image));
  return encodeOnnx(builder.build());
}
