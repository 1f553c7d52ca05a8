/**
 * Collects ONNX nodes and initializers and encodes them as a model file (opset 17, IR 8). It knows the format, not the
 * tensor language: names are strings, shapes come from the caller. Equal graphs give equal bytes: no clock, no path.
 */
import { create } from '@bufbuild/protobuf';
import { integerAttribute, integersAttribute } from './attributes.js';
import { encodeModel } from './encode-model.js';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/index.js';

/** A value's name in the ONNX graph. */
export type ValueName = string;
export type AttributeValue = number | string | readonly number[];

/** A size, or a name for a symbolic one. */
export type OnnxDimension = number | string;

const opsetVersion = 17;
const irVersion = 8;

/** As the runtime names them. */
const elementTypes = {
  float32: TensorProto_DataType.FLOAT,
  uint32: TensorProto_DataType.UINT32,
  int64: TensorProto_DataType.INT64,
} as const;
type ElementType = keyof typeof elementTypes;

/** Attributes that ONNX types as float even when the value is whole. */
const floatAttributes: ReadonlySet<string> = new Set(['alpha', 'beta', 'epsilon']);

/** Operators of ONNX Runtime itself. A file that uses one names their set besides ONNX's own. */
const contribOps: ReadonlySet<string> = new Set(['FusedMatMul']);
const contribDomain = 'com.microsoft';
const contribVersion = 1;

export class OnnxEmitter {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #shared = new Map<string, readonly ValueName[]>();
  readonly #fixed = new Set<ValueName>();
  #count = 0;

  /** Appends a node with one result and returns the result's name. Nothing is shared: the caller does that. */
  node(
    opType: string,
    inputs: readonly ValueName[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    name: ValueName = this.#fresh(),
  ): ValueName {
    this.#append(opType, inputs, attributes, [name]);
    return name;
  }

  /** The same with several results, which get fresh names. A result that is not `wanted` has the name '', and is not made. */
  nodeOf<const Wanted extends readonly boolean[]>(
    opType: string,
    inputs: readonly ValueName[],
    attributes: Readonly<Record<string, AttributeValue>>,
    wanted: Wanted,
  ): { readonly [index in keyof Wanted]: ValueName } {
    const names = wanted.map(is => (is ? this.#fresh() : ''));
    this.#append(opType, inputs, attributes, names);
    return names as { readonly [index in keyof Wanted]: ValueName };
  }

  #append(
    opType: string,
    inputs: readonly ValueName[],
    attributes: Readonly<Record<string, AttributeValue>>,
    outputs: readonly ValueName[],
  ): void {
    if (inputs.length > 0 && inputs.every(input => this.#fixed.has(input))) {
      for (const name of outputs) this.#fixed.add(name);
    }
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType,
        ...(contribOps.has(opType) && { domain: contribDomain }),
        name: `${opType}_${this.#nodes.length}`,
        input: [...inputs],
        output: [...outputs],
        attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
      }),
    );
  }

  /** Whether a value is part of the file, or computed from such values alone, rather than from what is handed in. */
  isFixed(name: ValueName): boolean {
    return this.#fixed.has(name);
  }

  /** float32 values under a name of their own. */
  floats(data: Float32Array, dims: readonly number[], name: ValueName = this.#fresh()): ValueName {
    this.#fixed.add(name);
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dataType: TensorProto_DataType.FLOAT,
        dims: dims.map(BigInt),
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      }),
    );
    return name;
  }

  /** A float32 tensor filled with one value, shared between its users. */
  filled(value: number, dims: readonly number[] = []): ValueName {
    const size = dims.reduce((product, dim) => product * dim, 1);
    return this.shared(`filled ${value} [${dims}]`, () => this.floats(new Float32Array(size).fill(value), dims));
  }

  /** An int64 vector (shapes, axes, pads), shared between its users. */
  integers(values: readonly number[]): ValueName {
    return this.shared(`integers ${values}`, () => {
      const name = this.#fresh();
      this.#fixed.add(name);
      const data = BigInt64Array.from(values, BigInt);
      this.#initializers.push(
        create(TensorProtoSchema, {
          name,
          dataType: TensorProto_DataType.INT64,
          dims: [BigInt(values.length)],
          rawData: new Uint8Array(data.buffer),
        }),
      );
      return name;
    });
  }

  /** The value kept under `key`, made on first use: what several lowerings need is computed once. */
  shared(key: string, make: () => ValueName): ValueName {
    return this.sharedOf(key, () => [make()] as const)[0];
  }

  /** The same for several values that are made together. */
  sharedOf<Names extends readonly ValueName[]>(key: string, make: () => Names): Names {
    const known = this.#shared.get(key);
    if (known !== undefined) return known as Names;
    const made = make();
    this.#shared.set(key, made);
    return made;
  }

  /** @param shape undefined for any number of axes */
  input(name: ValueName, shape: readonly OnnxDimension[] | undefined, element: ElementType = 'float32'): ValueName {
    this.#inputs.push(valueInfo(name, shape, element));
    return name;
  }

  /** Declares that `value` is handed out as `name`. */
  output(
    name: string,
    value: ValueName,
    shape: readonly OnnxDimension[] | undefined,
    element: ElementType = 'float32',
  ): void {
    this.node('Identity', [value], {}, name);
    this.#outputs.push(valueInfo(name, shape, element));
  }

  /** Converted to another type. */
  cast(value: ValueName, element: ElementType): ValueName {
    return this.node('Cast', [value], { to: elementTypes[element] });
  }

  /** The model file. */
  encode(graphName: string, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    this.#absorbIdentities();
    this.#dropUnread();
    const model = create(ModelProtoSchema, {
      irVersion: BigInt(irVersion),
      opsetImport: this.#operatorSets(),
      producerName: 'cyclebox',
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name: graphName,
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      },
    });
    return encodeModel(model);
  }

  /** An Identity that only names an output vanishes where the producing node can carry the name itself. */
  #absorbIdentities(): void {
    const producers = new Map(this.#nodes.flatMap(node => node.output.map(name => [name, node] as const)));
    const outputs = new Set(this.#outputs.map(output => output.name));
    const renamed = new Map<ValueName, ValueName>();
    const absorbed = new Set<object>();
    for (const node of this.#nodes) {
      const [from, to] = [node.input[0]!, node.output[0]!];
      if (node.opType !== 'Identity' || !outputs.has(to) || !producers.has(from) || renamed.has(from)) continue;
      if (outputs.has(from)) continue;
      renamed.set(from, to);
      absorbed.add(node);
    }
    for (const node of this.#nodes) {
      if (absorbed.has(node)) continue;
      node.input = node.input.map(name => renamed.get(name) ?? name);
      node.output = node.output.map(name => renamed.get(name) ?? name);
    }
    this.#nodes.splice(0, this.#nodes.length, ...this.#nodes.filter(node => !absorbed.has(node)));
  }

  /** Nodes whose value nothing reads, and what only they read. */
  #dropUnread(): void {
    const read = new Set(this.#outputs.map(output => output.name));
    const kept = [...this.#nodes];
    for (let index = kept.length - 1; index >= 0; index--) {
      const node = kept[index]!;
      if (node.output.some(name => read.has(name))) for (const input of node.input) read.add(input);
      else kept.splice(index, 1);
    }
    if (kept.length === this.#nodes.length) return;
    this.#nodes.splice(0, this.#nodes.length, ...kept);
    const initializers = this.#initializers.filter(({ name }) => read.has(name));
    this.#initializers.splice(0, this.#initializers.length, ...initializers);
  }

  #operatorSets(): { readonly domain: string; readonly version: bigint }[] {
    const sets = [{ domain: '', version: BigInt(opsetVersion) }];
    if (this.#nodes.some(node => node.domain === contribDomain)) {
      sets.push({ domain: contribDomain, version: BigInt(contribVersion) });
    }
    return sets;
  }

  #fresh(): ValueName {
    return `v${this.#count++}`;
  }
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  const type = AttributeProto_AttributeType;
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: type.STRING, s: new TextEncoder().encode(value) });
  }
  if (typeof value !== 'number') {
    return integersAttribute(name, value);
  }
  if (floatAttributes.has(name)) return create(AttributeProtoSchema, { name, type: type.FLOAT, f: value });
  return integerAttribute(name, value);
}

function valueInfo(name: string, shape: readonly OnnxDimension[] | undefined, element: ElementType): ValueInfoProto {
  const dim = shape?.map(size => ({ value: dimension(size) }));
  const value = { elemType: elementTypes[element], ...(dim && { shape: { dim } }) };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value } } });
}

function dimension(size: OnnxDimension) {
  if (typeof size === 'number') return { case: 'dimValue', value: BigInt(size) } as const;
  return { case: 'dimParam', value: size } as const;
}
