/**
 * What every engine must do: each operation within float32's rounding of the reference evaluator, state that programs
 * share and update in place, outputs that belong to the caller, errors with codes, and whole training steps. An engine
 * is held to it by a line in engines.ts.
 */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type Engine, operationNames } from '../../src/engine/index.js';
import { GraphBuilder } from '../../src/graph/index.js';
import { caseName, type OperationCase } from '../graph/operation-cases.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
import { conformanceCases } from './conformance-cases.js';
import { describeGraphs } from './conformance-graphs.js';
import { describeModels } from './conformance-models.js';
import { describeState } from './conformance-state.js';
import { exactResult, tolerances } from './tolerance.js';

/** The suite opens the engine once and disposes of it at the end. */
export type EngineUnderSuite = () => Engine;

export function describeConformance(name: string, open: () => Promise<Engine>): void {
  describe(`engine ${name}`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.dispose());

    it('names a device', async () => {
      const devices = await engine.devices();
      expect(devices.length).toBeGreaterThan(0);
      for (const device of devices) expect(device.name).not.toBe('');
    });
    describe('computes', () => {
      it.each(conformanceCases.map(one => ({ title: caseName(one), one })))('$title', ({ one }) =>
        expectConforming(engine, one),
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

async function expectConforming(engine: Engine, operation: OperationCase): Promise<void> {
  const { op, shapes, makers, attributes } = operation;
  const random = seededRandom(11);
  const inputs = shapes.map((shape, at) => ({
    shape,
    data: randomValues(random, shape, makers?.[at] ?? makers?.at(-1)),
  }));
  const builder = new GraphBuilder();
  const tensors = shapes.map((shape, at) => builder.input(`x${at}`, shape));
  builder.output('y', builder.emit(op, tensors, attributes));
  const program = await engine.compile(builder.build());
  const { y } = await program.run(Object.fromEntries(inputs.map((input, at) => [`x${at}`, input])));
  await program.dispose();
  const doubles = inputs.map(({ shape, data }) => ({ shape, data: Float64Array.from(data) }));
  const exact = exactResult(operation, doubles);
  expect(y!.shape).toEqual(exact.shape);
  expectWithin(y!.data, exact.data, tolerances(operation, doubles, exact));
}

/** Reports the worst element, in units of its tolerance. */
function expectWithin(actual: Float32Array, exact: Float64Array, permitted: Float64Array): void {
  expect(actual.length).toBe(exact.length);
  exact.forEach((value, at) => {
    const expected = Math.fround(value);
    if (Object.is(actual[at]! + 0, expected + 0)) return;
    const error = Math.abs(actual[at]! - value);
    expect(error, `element ${at}: ${actual[at]}, expected ${value}`).toBeLessThanOrEqual(permitted[at]!);
  });
}
