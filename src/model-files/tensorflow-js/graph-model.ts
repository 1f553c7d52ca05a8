/**
 * A GraphModel, TensorFlow's frozen graph, as ONNX: its operations one by one, from the output back to the image. Input and
 * output keep the model's own order of axes, `[n, h, w, c]`.
 */
import { OnnxEmitter, type ValueName } from '../../onnx/index.js';
import { GraphContext } from './graph-context.js';
import { type Fail, type GraphNode, type GraphTopology, readTopology } from './graph-nodes.js';
import { graphRules } from './graph-operations.js';
import type { TensorFlowModel } from './layers-model.js';
import { invalid, type TensorFlowFiles, type TensorFlowWeight } from './manifest.js';

/** @throws CycleboxError MODEL_INVALID naming what is not known */
export function graphModelToOnnx(files: TensorFlowFiles, file: string): TensorFlowModel {
  const fail: Fail = why => invalid(file, why);
  const topology = readTopology(files, fail);
  const { nodes, inputs, outputs } = topology;
  const [image, ...otherInputs] = inputs;
  const [result, ...otherOutputs] = outputs;
  if (image === undefined || result === undefined || otherInputs.length > 0 || otherOutputs.length > 0)
    throw fail(
      `it has the inputs ${inputs.join(', ')} and the outputs ${outputs.join(', ')}; an image network has one of each`,
    );
  const emitter = new OnnxEmitter();
  const shape = imageShape(nodes.get(image)!);
  const values = new Map([[image, emitter.input('image', shape)]]);
  for (const node of inOrder(result, topology, fail)) {
    if (!values.has(node.name)) values.set(node.name, emitNode(node, emitter, values, topology));
  }
  emitter.output('translated', values.get(result)!, ['batch', 'height_out', 'width_out', 'channels_out']);
  return {
    inputChannels: Number(shape[3]),
    outputChannels: 3,
    encode: metadata => emitter.encode('graph-model', metadata),
  };
}

/** Open sizes get names; an image that does not say its channels has three. */
function imageShape(placeholder: GraphNode): readonly (number | string)[] {
  const shape = placeholder.shape();
  if (!shape) return ['batch', 'height', 'width', 3];
  if (shape.length !== 4) throw placeholder.refuse(`takes ${shape.length} axes; an image has four`);
  const names = ['batch', 'height', 'width', 3] as const;
  return shape.map((size, axis) => size ?? names[axis]!);
}

function emitNode(
  node: GraphNode,
  emitter: OnnxEmitter,
  values: ReadonlyMap<string, ValueName>,
  { constants }: GraphTopology,
): ValueName {
  const stored = constants.get(node.name);
  if (stored) return constantOf(node, stored, emitter);
  const rule = Object.hasOwn(graphRules, node.op) ? graphRules[node.op]! : undefined;
  if (!rule) throw node.refuse('is of a kind that is not known here');
  return rule(new GraphContext(node, { emitter, values, constants }));
}

/** Whole numbers are a list, or a single one. */
function constantOf(node: GraphNode, { shape, data }: TensorFlowWeight, emitter: OnnxEmitter): ValueName {
  const type = node.type('dtype');
  if (type !== 'DT_INT32' && type !== 'DT_INT64') return emitter.floats(data, shape);
  const list = emitter.integers([...data]);
  if (shape.length === 1) return list;
  if (shape.length === 0) return emitter.node('Squeeze', [list, emitter.integers([0])]);
  return emitter.node('Reshape', [list, emitter.integers(shape)]);
}

/** All that the result needs, each behind what it needs itself; without recursion, since graphs are thousands of nodes deep. */
function inOrder(result: string, { nodes }: GraphTopology, fail: Fail): readonly GraphNode[] {
  const ordered: GraphNode[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const stack = [result];
  while (stack.length > 0) {
    const name = stack.at(-1)!;
    const node = nodes.get(name);
    if (!node) throw fail(`its operation ${name} is not there`);
    const missing = node.inputs.filter(each => state.get(each) !== 'done');
    if (state.get(name) === 'done') stack.pop();
    else if (missing.length === 0) {
      state.set(name, 'done');
      ordered.push(node);
      stack.pop();
    } else {
      if (missing.some(each => state.get(each) === 'open')) throw fail(`its operation ${name} depends on itself`);
      state.set(name, 'open');
      stack.push(...missing);
    }
  }
  return ordered;
}
