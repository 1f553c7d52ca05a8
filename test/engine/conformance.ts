/**
 * What every engine must do: each operation within float32's rounding of the reference evaluator, state that programs
 * share and update in place, outputs that belong to the caller, errors with codes, and whole training steps. An engine
 * is held to it by a line in engines.ts.
 */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type Engine, operationNames, type TensorData } from '../../src/engine/index.js';
import { GraphBuilder, sizeOf } from '../../src/graph/index.js';
import { caseName, type OperationCase } from '../graph/operation-cases.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
import { conformanceCases } from './conformance-cases.js';
import { describeGraphs } from './conformance-graphs.js';
import { describeModels } from './conformance-models.js';
import { describeState } from './conformance-state.js';
import { doubles, numbers } from './near.js';
import { type Arithmetic, exactResult, tolerances } from './tolerance.js';

/** The suite opens the engine once and disposes of it at the end. */
export type EngineUnderSuite = () => Engine;

export function describeConformance(name: string, open: () => Promise<Engine>, arithmetic: Arithmetic = 'ieee'): void {
  describe(`engine ${name}`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.dispose());

    it('names its device', () => {
      expect(engine.device.name).not.toBe('');
      expect(engine.device.id.split(':')[0]).toBe(engine.id);
    });
    describe('computes', () => {
      it.each(conformanceCases.map(one => ({ title: caseName(one), one })))('$title', ({ one }) =>
        expectConforming(engine, one, arithmetic),
      );
    });
    describeGraphs(() => engine);
    describeState(() => engine);
    describeModels(() => engine);
  });
}

/** Leaves are no operations to run by themselves: the tests of state and of whole graphs use each. */
const leaves = ['input', 'variable', 'constant'];

export function describeCoverage(): void {
  test('every operation of the language is in the conformance suite', () => {
    const covered = new Set([...leaves, ...conformanceCases.map(({ op }) => op)]);
    expect([...covered].sort()).toEqual([...operationNames].sort());
  });
}

async function expectConforming(engine: Engine, operation: OperationCase, arithmetic: Arithmetic): Promise<void> {
  const random = seededRandom(11);
  const inputs = operation.shapes.map((shape, at) => ({
    shape,
    data: randomValues(random, shape, operation.makers?.[at] ?? operation.makers?.at(-1)),
  }));
  const doubled = inputs.map(doubles);
  const exact = exactResult(operation, doubled);
  const permitted = tolerances(operation, doubled, exact, arithmetic);
  for (const compute of [ofInputs, ofVariables]) {
    const y = await compute(engine, operation, inputs);
    expect(y.shape).toEqual(exact.shape);
    expectWithin(y.data, exact.data, permitted);
  }
}

/** The result as an output of a program of inputs. */
async function ofInputs(engine: Engine, { op, attributes }: OperationCase, values: readonly TensorData[]) {
  const builder = new GraphBuilder();
  const tensors = values.map(({ shape }, at) => builder.input(`x${at}`, shape));
  builder.output('y', builder.emit(op, tensors, attributes));
  const program = await engine.compile(builder.build());
  const { y } = await program.run(named(values));
  await program.dispose();
  return y!;
}

/** The result as the next value of a variable, in a program of variables: engines may compile training otherwise. */
async function ofVariables(engine: Engine, { op, attributes }: OperationCase, values: readonly TensorData[]) {
  const builder = new GraphBuilder();
  const tensors = values.map(({ shape }, at) => builder.variable(`x${at}`, shape));
  const result = builder.emit(op, tensors, attributes);
  const shape = numbers(result.shape);
  builder.update(builder.variable('y', shape), result);
  const before = { shape, data: new Float32Array(sizeOf(shape)) };
  const state = await engine.createState({ ...named(values), y: before });
  const program = await engine.compile(builder.build(), { state });
  await program.run({});
  const { y } = await state.read(['y']);
  await program.dispose();
  await state.dispose();
  return y!;
}

function named(values: readonly TensorData[]): Record<string, TensorData> {
  return Object.fromEntries(values.map((value, at) => [`x${at}`, value]));
}

/** Infinities and zeros must be met; other values to their tolerance. */
function expectWithin(actual: Float32Array, exact: Float64Array, permitted: Float64Array): void {
  expect(actual.length).toBe(exact.length);
  exact.forEach((value, at) => {
    const expected = Math.fround(value);
    if (Object.is(actual[at]! + 0, expected + 0)) return;
    const error = Math.abs(actual[at]! - value);
    expect(error, `element ${at}: ${actual[at]}, expected ${value}`).toBeLessThanOrEqual(permitted[at]!);
  });
}
