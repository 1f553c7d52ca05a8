/**
 * Whether what an engine is given fits a graph: inputs by their shapes, from which the values of symbols follow, and
 * the variables of a state. Every engine refuses the same things in the same words.
 */
import { CycleboxError } from '../base/index.js';
import { type Dimension, formatShape, type Graph, type Shape, sameShape, sizeOf } from '../graph/index.js';

type ShapedValues = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: { readonly length: number } }>
>;

/** Symbol → its value in this run. */
export type SymbolValues = ReadonlyMap<string, number>;

/** Reads the symbols off the given inputs. @throws SHAPE_MISMATCH naming the input that is missing or does not fit. */
export function symbolValues(graph: Graph, inputs: ShapedValues): SymbolValues {
  const values = new Map<string, number>();
  for (const [name, id] of Object.entries(graph.inputs)) {
    const expected = graph.nodes[id]!.shape;
    const given = inputs[name];
    if (!given) throw shapeMismatch(name, 'nothing', expected);
    const { shape, data } = given;
    const fits = shape.length === expected.length && expected.every((size, axis) => bind(size, shape[axis]!, values));
    if (!fits) throw shapeMismatch(name, formatShape(shape), expected);
    if (data.length !== sizeOf(shape))
      throw shapeMismatch(name, `${data.length} values for ${formatShape(shape)}`, expected);
  }
  return values;
}

export function concreteShape(shape: Shape, values: SymbolValues): number[] {
  return shape.map(dimension => {
    if (typeof dimension === 'number') return dimension;
    return (values.get(dimension.symbol)! * dimension.numerator) / dimension.denominator + dimension.offset;
  });
}

/**
 * Checks that a state holds what the graph reads and updates.
 * @param shapeOf the shape of the state's variable of this name, if it has one
 * @throws GRAPH_INVALID, SHAPE_MISMATCH naming the variable
 */
export function checkVariables(graph: Graph, shapeOf: (name: string) => readonly number[] | undefined): void {
  for (const [name, id] of Object.entries({ ...graph.updates, ...graph.variables })) {
    const expected = graph.nodes[id]!.shape;
    const shape = shapeOf(name);
    if (!shape) {
      throw new CycleboxError('GRAPH_INVALID', `The graph's variable ${name} is not in the state it is compiled with.`);
    }
    if (sameShape(shape, expected)) continue;
    throw new CycleboxError(
      'SHAPE_MISMATCH',
      `variable ${name}: the state has ${formatShape(shape)}, the graph expects ${formatShape(expected)}.`,
    );
  }
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

function shapeMismatch(name: string, got: string, expected: Shape): CycleboxError {
  const multiples = expected
    .filter(dimension => typeof dimension !== 'number')
    .filter(({ multiple }) => multiple > 1)
    .map(({ symbol, multiple }) => `, ${symbol} a multiple of ${multiple}`);
  return new CycleboxError(
    'SHAPE_MISMATCH',
    `input ${name}: got ${got}, expected ${formatShape(expected)}${multiples.join('')}.`,
  );
}
