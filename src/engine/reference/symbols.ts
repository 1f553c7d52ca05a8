/**
 * Symbolic dimensions at run time: the symbols' values follow from the shapes of the inputs, and turn every shape of
 * the graph into numbers.
 */
import { CycleboxError } from '../../base/index.js';
import { type Dimension, formatShape, type Graph, type Shape } from '../../graph/index.js';
import type { Float64Tensors } from './kernel.js';

/** Symbol → its value in this run. */
export type SymbolValues = ReadonlyMap<string, number>;

/** Reads the symbols off the given inputs. @throws SHAPE_MISMATCH naming the input that is missing or does not fit. */
export function symbolValues(graph: Graph, inputs: Float64Tensors): SymbolValues {
  const values = new Map<string, number>();
  for (const [name, id] of Object.entries(graph.inputs)) {
    const expected = graph.nodes[id]!.shape;
    const given = inputs[name]?.shape;
    const fits = given?.length === expected.length && expected.every((size, axis) => bind(size, given[axis]!, values));
    if (!fits) throw misfit(name, given, expected);
  }
  return values;
}

export function concreteShape(shape: Shape, values: SymbolValues): number[] {
  return shape.map(dimension => {
    if (typeof dimension === 'number') return dimension;
    return (values.get(dimension.symbol)! * dimension.numerator) / dimension.denominator + dimension.offset;
  });
}

/** Whether `actual` is a value of `dimension`; the first sight of a symbol decides its value. */
function bind(dimension: Dimension, actual: number, values: Map<string, number>): boolean {
  if (typeof dimension === 'number') return dimension === actual;
  const value = ((actual - dimension.offset) * dimension.denominator) / dimension.numerator;
  const known = values.get(dimension.symbol);
  if (known !== undefined) return known === value;
  values.set(dimension.symbol, value);
  return value >= 1 && value % dimension.multiple === 0;
}

function misfit(name: string, given: readonly number[] | undefined, expected: Shape): CycleboxError {
  const multiples = expected
    .filter(dimension => typeof dimension !== 'number')
    .filter(({ multiple }) => multiple > 1)
    .map(({ symbol, multiple }) => `, ${symbol} a multiple of ${multiple}`);
  const got = given ? formatShape(given) : 'nothing';
  return new CycleboxError(
    'SHAPE_MISMATCH',
    `input ${name}: got ${got}, expected ${formatShape(expected)}${multiples.join('')}.`,
  );
}
