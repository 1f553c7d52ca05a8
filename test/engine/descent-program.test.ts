/** Steps down a gradient on the CPU: what a graph with Adam in it does, to the bit, on any number of threads and graphs. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { packageRoot, Random } from '../../src/base/index.js';
import { type DescentOptions, type Engine, openEngine, type State, type Tensors } from '../../src/engine/index.js';
import { adamSource } from '../../src/engine/onnx/adam-module.js';
import {
  add,
  type Graph,
  GraphBuilder,
  gradients,
  matmul,
  mean,
  square,
  type Tensor,
  tanh,
} from '../../src/graph/index.js';
import { adamInputs, adamScalars, applyAdam, momentNames } from '../../src/training/index.js';

const adam = { beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
/** `both` is learnt by both losses, the others by one; none of the sizes is a multiple of four but one. */
const shapes = { both: [5, 7], onlyLeft: [7, 3], onlyRight: [7, 4] } as const;
type Weight = keyof typeof shapes;
const names = Object.keys(shapes) as Weight[];
const sides = { left: 'onlyLeft', right: 'onlyRight' } as const;
type Side = keyof typeof sides;

function lossOf(builder: GraphBuilder, side: Side): Tensor {
  const hidden = tanh(matmul(builder.input(side, [2, 5]), builder.variable('both', shapes.both)));
  return mean(square(matmul(hidden, builder.variable(sides[side], shapes[sides[side]]))));
}

/** A loss, by its name, and its gradients. */
function share(side: Side): Graph {
  const builder = new GraphBuilder();
  const loss = lossOf(builder, side);
  const learnt = names.filter(name => name === 'both' || name === sides[side]);
  builder.output(`loss ${side}`, loss);
  const variables = learnt.map(name => builder.variable(name, shapes[name]));
  for (const [index, gradient] of gradients(loss, variables).entries()) {
    builder.output(`gradient ${learnt[index]}`, gradient);
  }
  return builder.build();
}

function inOneGraph(): Graph {
  const builder = new GraphBuilder();
  const losses = [lossOf(builder, 'left'), lossOf(builder, 'right')] as const;
  const variables = names.map(name => builder.variable(name, shapes[name]));
  const found = losses.map(loss => gradients(loss, variables));
  names.forEach((name, index) => {
    applyAdam(builder, name, variables[index]!, add(found[0]![index]!, found[1]![index]!), adam);
  });
  builder.output('loss left', losses[0]);
  builder.output('loss right', losses[1]);
  return builder.build();
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function drawn(random: Random, shape: readonly number[]) {
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()) };
}

function initial(): Tensors {
  const random = new Random(5);
  return Object.fromEntries(
    names.flatMap(name => [
      [name, drawn(random, shapes[name])],
      ...momentNames(name).map(moment => [
        moment,
        { shape: shapes[name], data: new Float32Array(sizeOf(shapes[name])) },
      ]),
    ]),
  );
}

function inputsOf(step: number): Tensors {
  const random = new Random(step);
  const { stepSize, epsilon } = adamScalars(adam, 0.01, step);
  return {
    left: drawn(random, [2, 5]),
    right: drawn(random, [2, 5]),
    [adamInputs.stepSize]: { shape: [], data: Float32Array.of(stepSize) },
    [adamInputs.epsilon]: { shape: [], data: Float32Array.of(epsilon) },
  };
}

function optionsOf(state: State): DescentOptions {
  const weights = names.map(name => {
    const [firstMoment, secondMoment] = momentNames(name);
    return { name, firstMoment, secondMoment, gradient: `gradient ${name}` };
  });
  return { state, weights, beta1: adam.beta1, beta2: adam.beta2, ...adamInputs };
}

let engine: Engine;
afterEach(() => engine.dispose());

async function onThreads(threads: number) {
  engine = await openEngine('cpu', { threads });
  const state = await engine.createState(initial());
  return { state, compile: () => engine.descent!.compile([share('left'), share('right')], optionsOf(state)) };
}

describe('a step down the gradient', () => {
  it.each([1, 2, 3, 4])('is what one graph does that has Adam in it, to the bit, with %i threads', async threads => {
    const { state, compile } = await onThreads(threads);
    const reference = await engine.createState(initial());
    const whole = await engine.compile(inOneGraph(), { state: reference });
    const program = await compile();
    expect(program.outputs).toEqual(['loss left', 'loss right']);
    expect([...program.inputs].sort()).toEqual(Object.keys(inputsOf(1)).sort());
    for (let step = 1; step <= 5; step++) {
      expect(await program.run(inputsOf(step))).toEqual(await whole.run(inputsOf(step)));
    }
    const moved = await state.read();
    expect(moved).toEqual(await reference.read());
    expect(moved['both']!.data).not.toEqual(initial()['both']!.data);
  });

  it('sees what is written between steps, in every thread, and outlives the engine giving back its caches', async () => {
    const { state, compile } = await onThreads(2);
    const program = await compile();
    const first = await program.run(inputsOf(1));
    await state.write(initial());
    await engine.releaseCaches();
    expect(await program.run(inputsOf(1))).toEqual(first);
    const other = await engine.createState(initial());
    await state.write(await other.read(['both']));
    expect((await state.read(['both']))['both']).toEqual(initial()['both']);
  });

  it('leaves weights where they were when a graph fails, and goes on', async () => {
    const { state, compile } = await onThreads(2);
    const program = await compile();
    for (const side of ['left', 'right'] as const) {
      const bad = { ...inputsOf(1), [side]: { shape: [3, 5], data: new Float32Array(15) } };
      await expect(program.run(bad)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
      const { [side]: _, ...missing } = inputsOf(1);
      await expect(program.run(missing)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    }
    const { [adamInputs.stepSize]: _, ...without } = inputsOf(1);
    await expect(program.run(without)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    expect(await state.read()).toEqual(initial());
    await program.run(inputsOf(1));
    expect(await state.read()).not.toEqual(initial());
  });

  it('takes up values where another program of the same state left them', async () => {
    const { state, compile } = await onThreads(2);
    const one = await compile();
    await one.run(inputsOf(1));
    const two = await compile();
    await one.dispose();
    const before = (await state.read(['both']))['both']!;
    await two.run(inputsOf(2));
    const builder = new GraphBuilder();
    const both = builder.variable('both', shapes.both);
    builder.update(both, add(both, 1));
    const shifted = await engine.compile(builder.build(), { state });
    const after = (await state.read(['both']))['both']!;
    await shifted.run({});
    const last = (await state.read(['both']))['both']!;
    expect(after.data).not.toEqual(before.data);
    expect([...last.data]).toEqual([...after.data].map(value => Math.fround(value + 1)));
    const moments = await state.read(['v/both']);
    await two.run(inputsOf(3));
    const step = await state.read(['both', 'v/both']);
    expect(step['v/both']).not.toEqual(moments['v/both']);
    // Adam's steps are about as long as the rate: it went on from where the other program had put it.
    expect(Math.abs(step['both']!.data[0]! - last.data[0]!)).toBeLessThan(0.1);
  });

  it('is refused where a weight has no gradient', async () => {
    const { state } = await onThreads(2);
    const compiled = engine.descent!.compile([share('left')], optionsOf(state));
    await expect(compiled).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
      message: expect.stringContaining('gradient onlyRight'),
    });
  });
});

it('the assembled code is that of its text: npm run wasm', async () => {
  const text = await readFile(join(packageRoot, 'tools', 'wasm', 'adam.wat'));
  expect(adamSource).toBe(createHash('sha256').update(text).digest('hex'));
});
