/**
 * From an ONNX file to a graph of the tensor language, at given sizes of the inputs: what exporters compute of shapes
 * at run time are numbers then. The way back of lowering, for engines that run graphs and read no files.
 */
import { CycleboxError } from '../../base/index.js';
import { formatShape, type Graph, GraphBuilder, Tensor } from '../../graph/index.js';
import { foldOf } from './constants.js';
import type { OnnxNetwork, OnnxNode } from './network.js';
import { foldedOnly, rules } from './rules.js';
import { lifted, type RaisedValue, RaisingSite, unsupported } from './site.js';

/** @throws MODEL_INVALID naming the first operation that no rule is known for */
export function checkRaisable(network: OnnxNetwork): void {
  for (const { op } of network.nodes) {
    if (!Object.hasOwn(rules, op) && !foldedOnly.has(op)) throw unsupported(network.file, `the operation ${op}`);
  }
}

/**
 * Equal weights are one array in all graphs raised from a network.
 * @throws SHAPE_MISMATCH when a shape does not fit the network, MODEL_INVALID when the network cannot be raised
 */
export function raiseOnnx(network: OnnxNetwork, shapes: Readonly<Record<string, readonly number[]>>): Graph {
  const builder = new GraphBuilder();
  const values = new Map<string, RaisedValue>(network.constants);
  for (const { name } of network.inputs) values.set(name, builder.input(name, inputShape(network, name, shapes)));
  for (const node of network.nodes) {
    const results = raised(network, node, builder, values);
    node.outputs.forEach((name, index) => {
      const value = results[index];
      if (value !== undefined) values.set(name, value);
    });
  }
  for (const { name } of network.outputs) {
    const value = values.get(name);
    if (value === undefined) throw unsupported(network.file, `an output ${name} that nothing computes`);
    builder.output(name, lifted(builder, value));
  }
  return builder.build();
}

function raised(
  network: OnnxNetwork,
  node: OnnxNode,
  builder: GraphBuilder,
  values: ReadonlyMap<string, RaisedValue>,
): readonly RaisedValue[] {
  const inputs = node.inputs.map(name => {
    if (name === '') return undefined;
    const value = values.get(name);
    if (value === undefined) throw unsupported(network.file, `a value ${name} that nothing computes`);
    return value;
  });
  const site = new RaisingSite(network, node, builder, inputs);
  const fold = foldOf(site);
  if (fold) {
    const constants = inputs.filter(value => value !== undefined && !(value instanceof Tensor));
    return [fold(constants as never, site)];
  }
  const rule = rules[node.op] ?? site.refuse('of what is computed from the image');
  const result = rule(site);
  return Array.isArray(result) ? result : [result as RaisedValue];
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
