/**
 * Variables of ONNX Runtime programs, as a program sees them: tensors to feed, buffers to fetch into, and values that a
 * run left behind. Where they live is what host-state.ts and device-state.ts decide.
 */
import type * as ort from 'onnxruntime-node';
import { CycleboxError } from '../../base/index.js';
import type { State, TensorData, Tensors } from '../contract.js';

export abstract class OnnxState implements State {
  abstract readonly names: readonly string[];

  /** The state behind the contract's face. @throws GRAPH_INVALID for another engine's. */
  static of(state: State): OnnxState {
    if (state instanceof OnnxState) return state;
    throw new CycleboxError('GRAPH_INVALID', 'A state of another engine was passed to ONNX Runtime.');
  }

  abstract read(names?: readonly string[]): Promise<Record<string, TensorData>>;
  abstract write(values: Tensors): Promise<void>;
  abstract dispose(): Promise<void>;

  /** What a run reads of the variable. @throws GRAPH_INVALID for a name that the state does not have */
  abstract current(name: string): ort.Tensor;
  /** What a run writes the variable's next value into; null where the run itself makes room for it. */
  abstract next(name: string): ort.Tensor | null;
  /** Makes what a run wrote the current value. `program` is the one that ran. */
  abstract advance(name: string, written: ort.Tensor, program: object): void;
  /** Called before a program's session goes: what the state holds of its results must outlive it. */
  abstract detach(program: object): Promise<void>;
  /** Undefined for a name that the state does not have. */
  abstract shapeOf(name: string): readonly number[] | undefined;
}

export function unknownVariable(name: string): CycleboxError {
  return new CycleboxError('GRAPH_INVALID', `The state has no variable ${name}.`);
}

/** @throws SHAPE_MISMATCH */
export function expectShape(name: string, shape: readonly number[], expected: readonly number[]): void {
  if (shape.join() === expected.join()) return;
  throw new CycleboxError('SHAPE_MISMATCH', `${name}: got [${shape}], expected [${expected}].`);
}
