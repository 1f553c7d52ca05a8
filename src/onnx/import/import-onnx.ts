/**
 * From an ONNX file to a graph of the tensor language, at given sizes of the inputs: what exporters compute of shapes
 * at run time are numbers then. The way back of lowering, for engines that run graphs and read no files.
 */
import { CycleboxError } from '../../base/index.js';
import { formatShape, type Graph, GraphBuilder, Tensor } from '../../graph/index.js';
import { foldOf } from './constants.js';
import { ImportContext, type ImportedValue, toTensor, unsupported } from './import-context.js';
import type { OnnxNetwork, OnnxNode } from './network.js';
import { foldedOnly, rules } from './rules.js';

/** @throws MODEL_INVALID naming the first operation that no rule is known for */
export function checkImportable(network: OnnxNetwork): void {
  for (const { op } of network.nodes) {
    if (!Object.hasOwn(rules, op) && !foldedOnly.has(op)) throw unsupported(network.file, `the operation ${op}`);
  }
}

/**
 * Equal weights are one array in all graphs imported from a network.
 * @throws SHAPE_MISMATCH when a shape does not fit the network, MODEL_INVALID when the network cannot be imported
 */
export function importOnnx(network: OnnxNetwork, shapes: Readonly<Record<string, readonly number[]>>): Graph {
  const builder = new GraphBuilder();
  const values = new Map<string, ImportedValue>(network.constants);
  for (const { name } of network.inputs) values.set(name, builder.input(name, inputShape(network, name, shapes)));
  for (const node of network.nodes) {
    const results = importNode(network, node, builder, values);
    node.outputs.forEach((name, index) => {
      const value = results[index];
      if (value !== undefined) values.set(name, value);
    });
  }
  for (const { name } of network.outputs) {
    const value = values.get(name);
    if (value === undefined) throw unsupported(network.file, `an output ${name} that nothing computes`);
    builder.output(name, toTensor(builder, value));
  }
  return builder.build();
}

function importNode(
  network: OnnxNetwork,
  node: OnnxNode,
  builder: GraphBuilder,
  values: ReadonlyMap<string, ImportedValue>,
): readonly ImportedValue[] {
  const inputs = node.inputs.map(name => {
    if (name === '') return undefined;
    const value = values.get(name);
    if (value === undefined) throw unsupported(network.file, `a value ${name} that nothing computes`);
    return value;
  });
  const context = new ImportContext(network, node, builder, inputs);
  const fold = foldOf(context);
  if (fold) {
    const constants = inputs.filter(value => value !== undefined && !(value instanceof Tensor));
    return [fold(constants as never, context)];
  }
  const rule = rules[node.op] ?? context.refuse('of what is computed from the image');
  const result = rule(context);
  return Array.isArray(result) ? result : [result as ImportedValue];
}

function inputShape(
  network: OnnxNetwork,
  name: string,
  shapes: Readonly<Record<string, readonly number[]>>,
): readonly number[] {
  const given = shapes[name];
  const expected = network.inputs.find(input => input.name === name)!.shape;
  if (!given) throw new CycleboxError('SHAPE_MISMATCH', `The input ${name} is missing.`);
  const fits =
    expected.length === given.length &&
    expected.every((size, axis) => typeof size !== 'number' || size === given[axis]);
  if (fits) return given;
  const wanted = `[${expected.map(size => size ?? '?').join(', ')}]`;
  throw new CycleboxError('SHAPE_MISMATCH', `input ${name}: got ${formatShape(given)}, expected ${wanted}.`);
}
