/**
 * Arithmetic on numbers known beforehand: exporters compute shapes, axes and sizes with the same operations as images.
 * Weights are left to the graph; only what is small or integral is computed here.
 */
import { sizeOf } from '../../graph/index.js';
import { axisOf, type ImportContext } from './import-context.js';
import type { Constant } from './network.js';

type Fold = (constants: readonly Constant[], context: ImportContext) => Constant;

/** Larger float tensors are weights. */
const largestFolded = 64;

/** Undefined where the operation is for the graph to do. */
export function foldOf(context: ImportContext): Fold | undefined {
  const constants = context.inputs.filter(value => value !== undefined);
  if (constants.length === 0) return undefined;
  const small = constants.every(value => 'data' in value && (!value.float || value.data.length <= largestFolded));
  return small ? folds[context.node.op] : undefined;
}

const elementwise =
  (f: (a: number, b: number) => number): Fold =>
  ([a, b]) => {
    const shape = broadcastShape(a!.shape, b!.shape);
    const float = a!.float || b!.float;
    const right = numbersOf(repeated(b!, shape));
    const values = numbersOf(repeated(a!, shape)).map((left, at) => {
      const value = f(left, right[at]!);
      return float ? value : Math.trunc(value);
    });
    return constant(shape, values, float);
  };

const each =
  (f: (value: number) => number): Fold =>
  ([x]) =>
    constant(x!.shape, numbersOf(x!).map(f), x!.float);

const integral = new Set([2, 3, 4, 5, 6, 7, 9, 12, 13]);

const folds: Readonly<Record<string, Fold>> = {
  Identity: ([x]) => x!,
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Equal: elementwise((a, b) => Number(a === b)),
  Neg: each(value => -value),
  Floor: each(Math.floor),
  Sqrt: each(Math.sqrt),
  Cast: ([x], context) => {
    const float = !integral.has(context.integer('to'));
    return constant(x!.shape, float ? numbersOf(x!) : numbersOf(x!).map(Math.trunc), float);
  },
  Where: ([condition, a, b]) => {
    const shape = broadcastShape(condition!.shape, broadcastShape(a!.shape, b!.shape));
    const [chosen, yes, no] = [condition!, a!, b!].map(value => numbersOf(repeated(value, shape)));
    return constant(
      shape,
      chosen!.map((one, at) => (one ? yes![at]! : no![at]!)),
      a!.float,
    );
  },
  Gather: ([x, indices], context) => {
    const axis = axisOf(context.integer('axis', 0), x!.shape.length);
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const outer = sizeOf(x!.shape.slice(0, axis));
    const size = x!.shape[axis]!;
    const picked = numbersOf(indices!).map(index => axisOf(index, size));
    const values: number[] = [];
    for (let row = 0; row < outer; row++)
      for (const index of picked)
        for (let at = 0; at < inner; at++) values.push(x!.data[(row * size + index) * inner + at]!);
    return constant([...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)], values, x!.float);
  },
  Unsqueeze: ([x], context) => {
    const axes = context.listOrInput('axes', 1) ?? [];
    return { ...x!, shape: unsqueezed(x!.shape, axes) };
  },
  Squeeze: ([x], context) => ({ ...x!, shape: squeezed(x!.shape, context.listOrInput('axes', 1)) }),
  Concat: (parts, context) => {
    const [first] = parts;
    const axis = axisOf(context.integer('axis'), first!.shape.length);
    const sizes = parts.map(({ shape }) => shape[axis]!);
    const shape = first!.shape.map((size, at) => (at === axis ? sizes.reduce((sum, one) => sum + one, 0) : size));
    return gathered(shape, first!.float, index => {
      let [part, position] = [0, index[axis]!];
      while (position >= sizes[part]!) position -= sizes[part++]!;
      return valueAt(
        parts[part]!,
        index.map((at, one) => (one === axis ? position : at)),
      );
    });
  },
  Slice: ([x], context) => {
    const { shape } = x!;
    const starts = context.listOrInput('starts', 1) ?? [];
    const stops = context.listOrInput('ends', 2) ?? [];
    const axes = context.listOrInput('axes', 3) ?? starts.map((_, axis) => axis);
    const steps = context.inputs[4] ? context.numbers(4) : [];
    const taken = shape.map((size, axis) => {
      const at = axes.findIndex(one => axisOf(one, shape.length) === axis);
      return at < 0 ? steppedIndices(size, 0, size, 1) : steppedIndices(size, starts[at]!, stops[at]!, steps[at] ?? 1);
    });
    const sizes = taken.map(({ length }) => length);
    return gathered(sizes, x!.float, index =>
      valueAt(
        x!,
        index.map((at, axis) => taken[axis]![at]!),
      ),
    );
  },
  Reshape: ([x, target]) => ({ ...x!, shape: reshapeTarget(x!.shape, numbersOf(target!)) }),
  Transpose: ([x], context) => {
    const backwards = x!.shape.map((_, axis) => axis).reverse();
    const permutation = context.list('perm') ?? backwards;
    const shape = permutation.map(axis => x!.shape[axis]!);
    return gathered(shape, x!.float, index =>
      valueAt(
        x!,
        x!.shape.map((_, axis) => index[permutation.indexOf(axis)]!),
      ),
    );
  },
  ConstantOfShape: ([shape], context) => {
    const { value } = context.node.attributes;
    const filler = typeof value === 'object' && 'data' in value ? value : constant([1], [0], true);
    const sizes = numbersOf(shape!);
    return constant(sizes, Array<number>(sizeOf(sizes)).fill(filler.data[0]!), filler.float);
  },
  Expand: ([x, shape]) => repeated(x!, broadcastShape(x!.shape, numbersOf(shape!))),
};

export function constant(shape: readonly number[], data: readonly number[], float: boolean): Constant {
  return { shape, data, float };
}

export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const of = (shape: readonly number[], axis: number) => shape[axis - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, axis) => (of(a, axis) === 1 ? of(b, axis) : of(a, axis)));
}

/** Of Reshape: 0 keeps a size, -1 takes what is left. */
export function reshapeTarget(shape: readonly number[], target: readonly number[], keepsZero = true): number[] {
  const sizes = target.map((size, axis) => (size === 0 && keepsZero ? shape[axis]! : size));
  const known = sizeOf(sizes.filter(size => size !== -1));
  return sizes.map(size => (size === -1 ? sizeOf(shape) / known : size));
}

export function unsqueezed(shape: readonly number[], axes: readonly number[]): number[] {
  const rank = shape.length + axes.length;
  const added = new Set(axes.map(axis => axisOf(axis, rank)));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!));
}

export function squeezed(shape: readonly number[], axes: readonly number[] | undefined): number[] {
  const dropped = axes?.map(axis => axisOf(axis, shape.length));
  return shape.filter((size, axis) => (dropped ? !dropped.includes(axis) : size !== 1));
}

/** The indices that Slice takes along an axis. */
export function steppedIndices(size: number, start: number, stop: number, step: number): number[] {
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  const from = axisOf(start, size);
  const to = axisOf(stop, size);
  const indices: number[] = [];
  if (step > 0) for (let at = clamp(from, 0, size); at < clamp(to, 0, size); at += step) indices.push(at);
  else for (let at = clamp(from, -1, size - 1); at > clamp(to, -1, size - 1); at += step) indices.push(at);
  return indices;
}

function numbersOf({ data }: Constant): number[] {
  return Array.from(data);
}

function repeated(x: Constant, target: readonly number[]): Constant {
  const lead = target.length - x.shape.length;
  return gathered(target, x.float, index =>
    valueAt(
      x,
      x.shape.map((size, axis) => (size === 1 ? 0 : index[axis + lead]!)),
    ),
  );
}

/** A constant made element by element, from its index. */
function gathered(shape: readonly number[], float: boolean, f: (index: readonly number[]) => number): Constant {
  const values = Array.from({ length: sizeOf(shape) }, (_, offset) => {
    let rest = offset;
    const index = [...shape].reverse().map(size => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    return f(index.reverse());
  });
  return constant(shape, values, float);
}

function valueAt({ shape, data }: Constant, index: readonly number[]): number {
  return data[shape.reduce((offset, size, axis) => offset * size + index[axis]!, 0)]!;
}
