/** What the lowering of one operation is given: its attributes, where its inputs lie, and the plan to add calls to. */
import type { Attributes, OpName, Shape } from '../../graph/index.js';
import { hasSameOrder, type Layout, permutationBetween } from './layout.js';
import type { Kernel, PlanBuilder, Slot } from './plan-builder.js';
import type { TfjsDevice } from './tfjs-device.js';

/** Where a value lies, and how. */
export interface LaidOutSlot {
  readonly slot: Slot;
  readonly layout: Layout;
}

export interface Value extends LaidOutSlot {
  /** As the language has it. */
  readonly shape: Shape;
}

export interface LoweringContext<O extends OpName> {
  readonly builder: PlanBuilder;
  readonly device: TfjsDevice;
  readonly attributes: Attributes<O>;
  readonly inputs: readonly Value[];
  /** Of the result, as the language has it. */
  readonly shape: Shape;
}

export type Lowering<O extends OpName> = (context: LoweringContext<O>) => LaidOutSlot;

/** The value's slot in a layout; a call that changes it is made once for all who ask. */
export function inLayout(builder: PlanBuilder, { slot, layout, shape }: Value, wanted: Layout): Slot {
  if (layout === wanted || shape.length !== 4) return slot;
  const permutation = permutationBetween(layout, wanted);
  const name = `${layout} to ${wanted}`;
  const change: Kernel = hasSameOrder(shape, layout, wanted)
    ? (tf, [x]) =>
        tf.reshape(
          x!,
          permutation.map(place => x!.shape[place]!),
        )
    : (tf, [x]) => tf.transpose(x!, permutation);
  return builder.call(name, [slot], change);
}

/** The layout for an operation on several values: the first that is not plain, of those with most elements. */
export function commonLayout(values: readonly Value[]): Layout {
  const full = values.filter(({ shape }) => shape.length === 4);
  const filled = full.filter(({ shape }) => shape.filter(size => size !== 1).length > 1);
  return [...filled, ...full].find(({ layout }) => layout !== 'plain')?.layout ?? 'plain';
}
