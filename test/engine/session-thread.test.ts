/** Models that run in a thread of their own: the same results, while the caller's thread goes on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../src/engine/index.js';
import { tinyOnnx } from '../support/tiny-onnx.js';

describe('a session thread', () => {
  let own: Engine;
  let plain: Engine;
  beforeAll(async () => {
    own = await openEngine('cpu', { threads: 1, ownThread: true });
    plain = await openEngine('cpu', { threads: 1 });
  });
  afterAll(() => Promise.all([own.dispose(), plain.dispose()]));

  const image = (side: number) => ({
    shape: [1, 3, side, side],
    data: Float32Array.from({ length: 3 * side * side }, (_, i) => Math.sin(i)),
  });
  const load = (engine: Engine) => engine.load({ bytes: tinyOnnx({ kind: 'identity' }), name: 'm.onnx' });

  it('gives what a session in the caller’s thread gives, and leaves the inputs alone', async () => {
    const [inThread, here] = [await load(own), await load(plain)];
    const input = image(16);
    const results = await inThread.run({ image: input });
    expect(results).toEqual(await here.run({ image: input }));
    expect(input.data).toEqual(image(16).data);
    expect([inThread.inputs, inThread.outputs, inThread.metadata]).toEqual([here.inputs, here.outputs, here.metadata]);
    await inThread.dispose();
    await here.dispose();
  });

  it('runs what is asked for one after the other', async () => {
    const program = await load(own);
    const sides = [8, 16, 24];
    const results = await Promise.all(sides.map(side => program.run({ image: image(side) })));
    expect(results.map(({ translated }) => translated!.shape[3])).toEqual(sides);
    await program.dispose();
  });

  it('lets the caller’s thread go on while it runs', async () => {
    const program = await load(own);
    let turns = 0;
    let isRunning = true;
    const count = () => {
      turns++;
      if (isRunning) setImmediate(count);
    };
    const running = program.run({ image: image(1024) });
    setImmediate(count);
    await running;
    isRunning = false;
    expect(turns).toBeGreaterThan(10);
    await program.dispose();
  });

  it('says what the runtime says of inputs that do not fit, and runs again', async () => {
    const program = await load(own);
    await expect(program.run({ image: { shape: [3], data: new Float32Array(3) } })).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringContaining('ONNX Runtime failed while running'),
    });
    expect((await program.run({ image: image(8) }))['translated']!.data).toHaveLength(192);
    await program.dispose();
  });

  it('refuses what is no model as a session in the caller’s thread does', async () => {
    const nonsense = { bytes: Uint8Array.of(1, 2, 3), name: 'm.onnx' };
    const refusal = await plain.load(nonsense).catch(error => error);
    await expect(own.load(nonsense)).rejects.toMatchObject({ code: refusal.code, message: refusal.message });
  });

  it('gives memory back and takes it again', async () => {
    const program = await load(own);
    await own.releaseCaches();
    expect((await program.run({ image: image(8) }))['translated']!.data).toHaveLength(192);
    await program.dispose();
  });
});
