/**
 * Model files as other tools write them: other types, layouts and sizes of input and output, weights in other files,
 * functions of their own. Encoded here field by field, without the decoder that is tested.
 */

/** Fields of a message: numbers as varints, the rest as bytes. Nested messages are made by `message` too. */
export function message(...fields: readonly (readonly [number: number, value: number | string | Uint8Array])[]) {
  return Buffer.concat(fields.map(([number, value]) => field(number, value)));
}

function field(number: number, value: number | string | Uint8Array): Buffer {
  if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)]);
  const content = Buffer.from(value as Uint8Array);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

/** By `TensorProto.DataType`. */
export const types = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11 } as const;

export interface ForeignValue {
  readonly name?: string;
  readonly type?: keyof typeof types;
  /** Default `[n, 3, h, w]`. */
  readonly shape?: readonly (number | string)[];
}

export interface ForeignModel {
  readonly input?: ForeignValue;
  readonly output?: ForeignValue;
  readonly nodes: readonly Uint8Array[];
  /** `TensorProto`s. */
  readonly weights?: readonly Uint8Array[];
  /** `FunctionProto`s. */
  readonly functions?: readonly Uint8Array[];
  readonly opset?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

export function foreignModel(model: ForeignModel): Buffer {
  const { input = {}, output = {}, nodes, weights = [], functions = [], opset = 17, metadata = {} } = model;
  const graph = message(
    ...nodes.map(node => [1, node] as const),
    [2, 'graph'],
    ...weights.map(tensor => [5, tensor] as const),
    [11, value({ name: 'image', ...input })],
    [12, value({ name: 'translated', ...output })],
  );
  return message(
    [1, 8],
    [7, graph],
    [8, message([1, ''], [2, opset])],
    [8, message([1, 'own'], [2, 1])],
    ...Object.entries(metadata).map(([key, text]) => [14, message([1, key], [2, text])] as const),
    ...functions.map(one => [25, one] as const),
  );
}

function value({ name = '', type = 'float32', shape = ['n', 3, 'h', 'w'] }: ForeignValue): Buffer {
  const dims = shape.map(size => [1, message([typeof size === 'number' ? 1 : 2, size])] as const);
  const tensor = message([1, types[type]], [2, message(...dims)]);
  return message([1, name], [2, message([1, tensor])]);
}

export function node(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
  domain = '',
): Buffer {
  return message(
    ...inputs.map(name => [1, name] as const),
    ...outputs.map(name => [2, name] as const),
    [4, type],
    ...Object.entries(attributes).map(([name, value]) => [5, attribute(name, value)] as const),
    [7, domain],
  );
}

function attribute(name: string, value: number | readonly number[]): Buffer {
  if (typeof value === 'number') return message([1, name], [3, value], [20, 2]);
  return message([1, name], ...value.map(one => [8, one] as const), [20, 7]);
}

/** A `TensorProto` of float32 with its values inside. */
export function tensor(name: string, shape: readonly number[], values: readonly number[]): Buffer {
  return message(...shape.map(size => [1, size] as const), [2, 1], [8, name], [9, floatBytes(values)]);
}

/** A `TensorProto` of float32 whose values lie in another file. */
export function externalTensor(
  name: string,
  shape: readonly number[],
  entries: Readonly<Record<string, string | number>>,
): Buffer {
  return message(
    ...shape.map(size => [1, size] as const),
    [2, 1],
    [8, name],
    ...Object.entries(entries).map(([key, value]) => [13, message([1, key], [2, String(value)])] as const),
    [14, 1],
  );
}

export function floatBytes(values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

/** Kernel of a 1 × 1 convolution that multiplies every channel by `factor`. */
export function scaling(factor: number, channels = 3): number[] {
  return Array.from({ length: channels ** 2 }, (_, at) => (at % (channels + 1) === 0 ? factor : 0));
}
