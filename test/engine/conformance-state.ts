/**
 * Conformance of state: variables live in the engine, programs share them, a run moves all of them at once, and the
 * host only ever sees copies.
 */
import { describe, expect, it } from 'vitest';
import type { Engine, State, TensorData } from '../../src/engine/index.js';
import { add, GraphBuilder, mul, sub } from '../../src/graph/index.js';

const vector = (...values: number[]): TensorData => ({ shape: [values.length], data: Float32Array.from(values) });
const listOf = (tensor: TensorData | undefined): number[] => [...tensor!.data];

export function describeState(engine: () => Engine): void {
  /** Reads w and hands it out, then moves it by `step`. */
  async function counting(state: State) {
    const builder = new GraphBuilder();
    const w = builder.variable('w', [2]);
    builder.output('before', w);
    builder.output('after', add(w, builder.input('step', [2])));
    builder.update(w, add(w, builder.input('step', [2])));
    return engine().compile(builder.build(), { state });
  }

  async function doubling(state: State) {
    const builder = new GraphBuilder();
    builder.output('twice', mul(builder.variable('w', [2]), 2));
    return engine().compile(builder.build(), { state });
  }

  describe('state', () => {
    it('is moved by each of many runs, which see the value before', async () => {
      const state = await engine().createState({ w: vector(0, 10) });
      const program = await counting(state);
      for (let run = 0; run < 50; run++) {
        const { before, after } = await program.run({ step: vector(1, -1) });
        expect(listOf(before)).toEqual([run, 10 - run]);
        expect(listOf(after)).toEqual([run + 1, 9 - run]);
      }
      expect(listOf((await state.read())['w'])).toEqual([50, -40]);
    });

    it('is shared by programs, in any order of runs', async () => {
      const state = await engine().createState({ w: vector(1, 2) });
      const [count, twice] = [await counting(state), await doubling(state)];
      const seen: number[][] = [];
      for (const steps of [1, 2, 1, 3]) {
        for (let run = 0; run < steps; run++) await count.run({ step: vector(1, 1) });
        seen.push(listOf((await twice.run({}))['twice']));
      }
      expect(seen).toEqual([
        [4, 6],
        [8, 10],
        [10, 12],
        [16, 18],
      ]);
    });

    it('is not shared between two states of one graph', async () => {
      const states = await Promise.all([1, 2].map(value => engine().createState({ w: vector(value, value) })));
      const programs = await Promise.all(states.map(counting));
      await programs[0]!.run({ step: vector(5, 5) });
      await programs[1]!.run({ step: vector(7, 7) });
      expect(listOf((await states[0]!.read())['w'])).toEqual([6, 6]);
      expect(listOf((await states[1]!.read())['w'])).toEqual([9, 9]);
    });

    it('moves all variables at once: two change places', async () => {
      const state = await engine().createState({ a: vector(1), b: vector(2) });
      const builder = new GraphBuilder();
      const [a, b] = [builder.variable('a', [1]), builder.variable('b', [1])];
      builder.update(a, b);
      builder.update(b, a);
      const program = await engine().compile(builder.build(), { state });
      for (let run = 0; run < 3; run++) await program.run({});
      const values = await state.read();
      expect([listOf(values['a']), listOf(values['b'])]).toEqual([[2], [1]]);
    });

    it('takes updates that are an input, a constant, or an output at the same time', async () => {
      const state = await engine().createState({ a: vector(1, 1), b: vector(2, 2), c: vector(3, 3) });
      const builder = new GraphBuilder();
      const x = builder.input('x', [2]);
      const moved = sub(builder.variable('c', [2]), x);
      builder.update(builder.variable('a', [2]), x);
      builder.update(builder.variable('b', [2]), builder.constant(Float32Array.of(8, 9), [2]));
      builder.update(builder.variable('c', [2]), moved);
      builder.output('moved', moved);
      const program = await engine().compile(builder.build(), { state });
      const { moved: result } = await program.run({ x: vector(5, 6) });
      const values = await state.read();
      expect(listOf(result)).toEqual([-2, -3]);
      expect(['a', 'b', 'c'].map(name => listOf(values[name]))).toEqual([
        [5, 6],
        [8, 9],
        [-2, -3],
      ]);
    });

    it('keeps a variable that a program reads but does not update, and one it does not know', async () => {
      const state = await engine().createState({ w: vector(1, 2), other: vector(7) });
      const program = await doubling(state);
      await program.run({});
      const values = await state.read();
      expect([listOf(values['w']), listOf(values['other'])]).toEqual([[1, 2], [7]]);
    });

    it('is read by name and in whole, and written in part', async () => {
      const state = await engine().createState({ w: vector(1, 2), other: vector(7) });
      expect([...state.names].sort()).toEqual(['other', 'w']);
      const program = await counting(state);
      await program.run({ step: vector(1, 1) });
      await state.write({ w: vector(100, 200) });
      expect(Object.keys(await state.read(['other']))).toEqual(['other']);
      const { before } = await program.run({ step: vector(1, 1) });
      expect(listOf(before)).toEqual([100, 200]);
      expect(listOf((await state.read(['w']))['w'])).toEqual([101, 201]);
    });

    it('copies what it is given and what it gives', async () => {
      const initial = vector(1, 2);
      const state = await engine().createState({ w: initial });
      initial.data[0] = 99;
      const read = await state.read();
      read['w']!.data[1] = 99;
      const written = vector(3, 4);
      expect(listOf((await state.read())['w'])).toEqual([1, 2]);
      await state.write({ w: written });
      written.data[0] = 99;
      const { before } = await (await counting(state)).run({ step: vector(0, 0) });
      before!.data[0] = 99;
      expect(listOf((await state.read())['w'])).toEqual([3, 4]);
    });

    it('refuses values of another shape and names it does not have', async () => {
      const state = await engine().createState({ w: vector(1, 2) });
      await expect(state.write({ w: vector(1, 2, 3) })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
      await expect(state.write({ v: vector(1) })).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
      await expect(state.read(['v'])).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
      expect(listOf((await state.read())['w'])).toEqual([1, 2]);
    });

    it('that lacks a variable of the graph is refused when compiling', async () => {
      const state = await engine().createState({ other: vector(1, 2) });
      await expect(counting(state)).rejects.toMatchObject({
        code: 'GRAPH_INVALID',
        message: expect.stringMatching(/\bw\b/),
      });
      const stateless = new GraphBuilder();
      stateless.output('y', mul(stateless.variable('w', [2]), 2));
      await expect(engine().compile(stateless.build())).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
    });

    it('that lacks a variable which is only written is refused too', async () => {
      const state = await engine().createState({ other: vector(1, 2) });
      const builder = new GraphBuilder();
      builder.update(builder.variable('w', [2]), builder.input('x', [2]));
      await expect(engine().compile(builder.build(), { state })).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
    });

    it('whose variable has another shape than the graph is refused when compiling', async () => {
      const state = await engine().createState({ w: vector(1, 2, 3) });
      await expect(counting(state)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    });
  });
}
