/**
 * A model with nodes before and behind it, so that it takes `[n, 3, h, w]` in float32 from -1 to 1 and gives the same,
 * whatever it takes and gives itself: another type, range or layout, or one channel. Engines then know one kind of model.
 * Sizes that it insists on stay its own.
 */
import { create } from '@bufbuild/protobuf';
import { CycleboxError } from '../base/index.js';
import { integerAttribute, integersAttribute } from './attributes.js';
import { encodeModel } from './encode-model.js';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/index.js';
import type { ImageElement, ImageInterface, ImageRange, ImageValue } from './image-interface.js';
import { parseModel } from './model-file.js';

/** Since this version of the operations, Mul and Add spread single numbers as they are used here. */
const oldestOpset = 7;

/** @throws MODEL_INVALID naming `file` where its operations are too old */
export function adaptInterface(
  bytes: Uint8Array,
  { input, output, scale }: ImageInterface,
  opset: number,
  file: string,
): Uint8Array {
  if (opset < oldestOpset) throw tooOld(file, opset);
  const model = parseModel(bytes, file);
  const graph = model.graph!;
  const before = new Steps(`${input.name}:image`, input.name);
  const behind = new Steps(output.name, `${output.name}:image`);
  const taken = inward(before, input);
  const given = outward(behind, output);
  graph.node = [...taken, ...graph.node, ...given];
  graph.input = [imageValue(before.from), ...graph.input.filter(({ name }) => name !== input.name)];
  graph.output = [imageValue(behind.to, scale === 1 ? ['h', 'w'] : ['h_out', 'w_out'])];
  return encodeModel(model);
}

function tooOld(file: string, opset: number): CycleboxError {
  const message = `${file} is written in opset ${opset}; with its kind of input or output, ${oldestOpset} is the least. Export it with a newer one.`;
  return new CycleboxError('MODEL_INVALID', message, { subject: { file } });
}

/** Rec. ITU-R BT.601 luma, as PIL and torchvision make grey of colours. */
const luma = [0.299, 0.587, 0.114];

/** From the signed range to the model's: `v · scale + shift`. */
const ranges: Readonly<Record<ImageRange, { readonly scale: number; readonly shift: number }>> = {
  '-1..1': { scale: 1, shift: 0 },
  '0..1': { scale: 0.5, shift: 0.5 },
  '0..255': { scale: 127.5, shift: 127.5 },
};

const types: Readonly<Record<ImageElement, number>> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  float64: TensorProto_DataType.DOUBLE,
  uint8: TensorProto_DataType.UINT8,
};

/** What becomes of an image on its way into the model. */
function inward(steps: Steps, { element, layout, channels, range }: ImageValue): readonly NodeProto[] {
  if (channels === 1) steps.add('Conv', [steps.constant([1, 3, 1, 1], luma)]);
  const { scale, shift } = ranges[range];
  if (scale !== 1) steps.add('Mul', [steps.constant([], [scale])]);
  // Conversion to whole numbers cuts off, and bytes are to be rounded.
  if (shift !== 0) steps.add('Add', [steps.constant([], [element === 'uint8' ? shift + 0.5 : shift])]);
  if (layout === 'nhwc') steps.add('Transpose', [], [integersAttribute('perm', [0, 2, 3, 1])]);
  if (element !== 'float32') steps.add('Cast', [], [integerAttribute('to', types[element])]);
  return steps.finish();
}

/** And of what it gives. */
function outward(steps: Steps, { element, layout, channels, range }: ImageValue): readonly NodeProto[] {
  if (element !== 'float32') steps.add('Cast', [], [integerAttribute('to', TensorProto_DataType.FLOAT)]);
  if (layout === 'nhwc') steps.add('Transpose', [], [integersAttribute('perm', [0, 3, 1, 2])]);
  const { scale, shift } = ranges[range];
  if (scale !== 1) steps.add('Mul', [steps.constant([], [1 / scale])]);
  if (shift !== 0) steps.add('Add', [steps.constant([], [-shift / scale])]);
  if (channels === 1) steps.repeat(3);
  return steps.finish();
}

/** Nodes in a row, each working on what the last one gave. */
class Steps {
  readonly from: string;
  readonly to: string;
  readonly #nodes: NodeProto[] = [];
  readonly #constants: NodeProto[] = [];
  #last: string;

  constructor(from: string, to: string) {
    this.from = from;
    this.to = to;
    this.#last = from;
  }

  add(opType: string, others: readonly string[] = [], attribute: AttributeProto[] = []): void {
    this.#push(opType, [this.#last, ...others], attribute);
  }

  /** The channels, so many times. */
  repeat(times: number): void {
    this.#push('Concat', new Array<string>(times).fill(this.#last), [integerAttribute('axis', 1)]);
  }

  constant(dims: number[], values: readonly number[]): string {
    const name = this.#name(`constant ${this.#constants.length}`);
    const data = Float32Array.from(values);
    const t = create(TensorProtoSchema, {
      dims: dims.map(BigInt),
      dataType: TensorProto_DataType.FLOAT,
      rawData: new Uint8Array(data.buffer),
    });
    const attribute = [create(AttributeProtoSchema, { name: 'value', type: AttributeProto_AttributeType.TENSOR, t })];
    this.#constants.push(create(NodeProtoSchema, { opType: 'Constant', name, output: [name], attribute }));
    return name;
  }

  /** The last one gives the value that is asked for. */
  finish(): readonly NodeProto[] {
    this.add('Identity');
    this.#nodes.at(-1)!.output = [this.to];
    return [...this.#constants, ...this.#nodes];
  }

  #push(opType: string, input: string[], attribute: AttributeProto[]): void {
    this.#last = this.#name(`step ${this.#nodes.length}`);
    this.#nodes.push(create(NodeProtoSchema, { opType, name: this.#last, input, output: [this.#last], attribute }));
  }

  /** No exporter writes such names. */
  #name(part: string): string {
    return `${this.from} to ${this.to}: ${part}`;
  }
}

function imageValue(name: string, [height, width]: readonly [string, string] = ['h', 'w']): ValueInfoProto {
  const symbol = (value: string) => ({ value: { case: 'dimParam', value } }) as const;
  const three = { value: { case: 'dimValue', value: 3n } } as const;
  const shape = { dim: [symbol('n'), three, symbol(height), symbol(width)] };
  const value = { elemType: TensorProto_DataType.FLOAT, shape };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value } } });
}
