/**
 * A model file rewritten to calculate in float16: half the memory, and twice the speed where the device has the units.
 * Inputs and outputs stay float32, with a Cast behind and before them. Sums over whole images stay float32 too: a mean
 * of 65536 values, or a variance plus 1e-5, is not to be had from ten bits. So does what is computed of sizes: 2049 is no
 * half. Everything else of the file stays, fields that the schema does not know included.
 */
import { create } from '@bufbuild/protobuf';
import { CycleboxError } from '../base/index.js';
import { integerAttribute } from './attributes.js';
import { encodeModel } from './encode-model.js';
import { toFloat16 } from './float16.js';
import {
  type AttributeProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
} from './generated/index.js';
import { floatsOf, parseModel } from './model-file.js';
import { restoreFloats } from './stored-weights.js';

const { FLOAT, FLOAT16 } = TensorProto_DataType;

/** Statistics, and what their results go through before they are of the size of the image's values again. */
const exactOperations: ReadonlySet<string> = new Set([
  'InstanceNormalization',
  'GroupNormalization',
  'LayerNormalization',
  'LpNormalization',
  'BatchNormalization',
  'ReduceMean',
  'ReduceSum',
  'ReduceSumSquare',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceProd',
  'GlobalAveragePool',
  'GlobalLpPool',
  'Softmax',
  'LogSoftmax',
  'Pow',
  'Exp',
  'Log',
  'Sqrt',
  'Reciprocal',
  'Resize',
  'Upsample',
]);

/** Their numbers are bytes, and the scales beside them no halves in the operation sets that files have. */
const quantised = /QuantizeLinear$|^QLinear|Integer$/;

/** @throws MODEL_INVALID naming `file`; ENGINE_UNAVAILABLE for a model with branches or loops, or a quantised one */
export function toHalfPrecision(bytes: Uint8Array, file = 'The model'): Uint8Array {
  const model = parseModel(bytes, file);
  const graph = model.graph!;
  restoreFloats(graph);
  const rewrite = new HalfRewrite(file, graph.initializer);
  graph.input = graph.input.filter(({ name }) => !rewrite.isWeight(name));
  for (const value of graph.input.filter(isFloat)) rewrite.takeFloat(value.name);
  for (const node of graph.node) rewrite.add(node);
  for (const value of graph.output.filter(isFloat)) rewrite.asFloat(value.name);
  graph.node = rewrite.nodes;
  graph.initializer = rewrite.initializers;
  graph.valueInfo = [];
  return encodeModel(model);
}

function isFloat({ type }: ValueInfoProto): boolean {
  return type?.value.case === 'tensorType' && type.value.value.elemType === FLOAT;
}

/** Follows which values there are as floats, which as halves, and converts where one is needed and the other is there. */
class HalfRewrite {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #file: string;
  readonly #weights = new Map<string, TensorProto>();
  readonly #floats = new Set<string>();
  readonly #halves = new Set<string>();
  /** Floats that were integers, truth values or plain constants, and what follows from those alone. */
  readonly #sizes = new Set<string>();

  constructor(file: string, initializers: readonly TensorProto[]) {
    this.#file = file;
    for (const tensor of initializers) {
      if (tensor.dataType === FLOAT) this.#weights.set(tensor.name, tensor);
      else this.initializers.push(tensor);
    }
  }

  isWeight(name: string): boolean {
    return this.#weights.has(name);
  }

  takeFloat(name: string): void {
    this.#floats.add(name);
  }

  add(node: NodeProto): void {
    if (node.attribute.some(({ g, graphs }) => g || graphs.length > 0)) throw this.#refused(node, 'branches or loops');
    if (quantised.test(node.opType)) throw this.#refused(node, 'is quantised');
    const stored = storedFloats(node);
    if (stored) this.#weights.set(stored.name, stored);
    else if (isPlainConstant(node) || this.#isOfSizes(node)) this.#addOfSizes(node);
    else if (exactOperations.has(node.opType)) this.#addExact(node);
    else this.#addHalf(node);
  }

  /** The name under which a float, or what is no number at all, is to be had. */
  asFloat(name: string): string {
    if (this.#floats.has(name)) return name;
    const weights = this.#weights.get(name);
    if (!weights && !this.#halves.has(name)) return name;
    if (weights) this.initializers.push(weights);
    else this.nodes.push(castNode(halfName(name), name, FLOAT));
    this.#floats.add(name);
    return name;
  }

  #refused({ opType }: NodeProto, why: string): CycleboxError {
    const message = `${this.#file} ${why} (${opType}): it runs in float32 only. Take --precision float32.`;
    return new CycleboxError('ENGINE_UNAVAILABLE', message, { subject: { file: this.#file } });
  }

  #asHalf(name: string): string {
    const weights = this.#weights.get(name);
    if (this.#halves.has(name)) return halfName(name);
    if (!weights && !this.#floats.has(name)) return name;
    if (weights) this.initializers.push(halfWeights(weights));
    else this.nodes.push(castNode(name, halfName(name), FLOAT16));
    this.#halves.add(name);
    return halfName(name);
  }

  #addExact(node: NodeProto): void {
    node.input = node.input.map(name => this.asFloat(name));
    this.nodes.push(node);
    for (const name of node.output) this.#floats.add(name);
  }

  #isOfSizes(node: NodeProto): boolean {
    const floats = node.input.filter(name => this.#floats.has(name) || this.#halves.has(name));
    return floats.length > 0 ? floats.every(name => this.#sizes.has(name)) : castsTo(node, FLOAT);
  }

  #addOfSizes(node: NodeProto): void {
    node.input = node.input.map(name => this.asFloat(name));
    this.nodes.push(node);
    if (otherResults.has(node.opType) && !castsTo(node, FLOAT)) return;
    for (const name of node.output) {
      this.#floats.add(name);
      this.#sizes.add(name);
    }
  }

  #addHalf(node: NodeProto): void {
    const before = node.input;
    node.input = before.map(name => this.#asHalf(name));
    const takesHalves = node.input.some((name, at) => name !== before[at]);
    node.attribute = node.attribute.map(asHalfAttribute);
    if (givesFloats(node) || (takesHalves && !otherResults.has(node.opType))) {
      for (const name of node.output) this.#halves.add(name);
      node.output = node.output.map(halfName);
    }
    this.nodes.push(node);
  }
}

/** Results of these are no floats, whatever goes in; a Cast's are what it says. */
const otherResults: ReadonlySet<string> = new Set([
  'Cast',
  'Shape',
  'Size',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Equal',
  'ArgMax',
  'ArgMin',
  'NonZero',
  'IsNaN',
  'IsInf',
]);

function halfName(name: string): string {
  return `${name}:half`;
}

function castNode(from: string, to: string, type: number): NodeProto {
  const attribute = [integerAttribute('to', type)];
  return create(NodeProtoSchema, { opType: 'Cast', name: `Cast ${to}`, input: [from], output: [to], attribute });
}

function castsTo({ opType, attribute }: NodeProto, type: number): boolean {
  return opType === 'Cast' && attribute.some(({ name, i }) => name === 'to' && Number(i) === type);
}

/** Whether the node makes floats, now halves, of what is no float: a filled tensor, a conversion. */
function givesFloats(node: NodeProto): boolean {
  const { opType, attribute } = node;
  if (opType === 'Cast') return castsTo(node, FLOAT16);
  return opType === 'ConstantOfShape' && attribute.some(({ t }) => t?.dataType === FLOAT16);
}

/** The tensor of a node that does nothing but hold one: a weight like others. */
function storedFloats({ opType, attribute, output }: NodeProto): TensorProto | undefined {
  const tensor = opType === 'Constant' ? attribute.find(({ t }) => t?.dataType === FLOAT)?.t : undefined;
  return tensor && Object.assign(create(TensorProtoSchema), tensor, { name: output[0]! });
}

/** Constants that are no tensors, and the fill that is zero because none is given, have no half. */
function isPlainConstant({ opType, attribute }: NodeProto): boolean {
  if (opType === 'ConstantOfShape') return attribute.length === 0;
  return opType === 'Constant' && attribute.some(({ name }) => /^value_floats?$/.test(name));
}

function asHalfAttribute(attribute: AttributeProto): AttributeProto {
  if (attribute.name === 'to' && Number(attribute.i) === FLOAT) attribute.i = BigInt(FLOAT16);
  if (attribute.t?.dataType === FLOAT) attribute.t = halfWeights(attribute.t);
  return attribute;
}

/** The tensor in halves, under their name; what else the file says about it stays. */
function halfWeights(tensor: TensorProto): TensorProto {
  const halves = toFloat16(floatsOf(tensor));
  return Object.assign(create(TensorProtoSchema), tensor, {
    name: halfName(tensor.name),
    dataType: FLOAT16,
    floatData: [],
    rawData: new Uint8Array(halves.buffer),
  });
}
