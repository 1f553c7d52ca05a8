/**
 * A LayersModel, Keras' own form, as ONNX: sequences and graphs of layers, models inside models, layers that are used more
 * than once. It takes and gives `[n, c, h, w]`, whatever the model's own order.
 */
import { z } from 'zod';
import type { CycleboxError } from '../../base/index.js';
import { OnnxEmitter } from '../../onnx/index.js';
import { LayerContext, type LayerValue } from './layer-values.js';
import { emitLayer } from './layers.js';
import { invalid, type TensorFlowFiles } from './manifest.js';

export interface TensorFlowModel {
  readonly inputChannels: number;
  readonly outputChannels: number;
  encode(metadata: Readonly<Record<string, string>>): Uint8Array;
}

const settings = z.record(z.string(), z.unknown());
const layerSchema = z.looseObject({
  class_name: z.string(),
  config: settings,
  name: z.string().optional(),
  inbound_nodes: z.array(z.unknown()).optional(),
});
type Layer = z.infer<typeof layerSchema>;
const sequential = z.union([
  z.array(layerSchema),
  z.looseObject({ layers: z.array(layerSchema) }).transform(({ layers }) => layers),
]);
const tensorReference = z.tuple([z.string(), z.int(), z.int()], z.unknown());
const references = z.union([tensorReference.transform(one => [one]), z.array(tensorReference)]);
const functional = z.looseObject({ layers: z.array(layerSchema), input_layers: references, output_layers: references });
const modelSchema = z.looseObject({ class_name: z.string(), config: z.unknown() });

interface Scene {
  readonly emitter: OnnxEmitter;
  readonly weights: TensorFlowFiles['weights'];
  readonly fail: (why: string) => CycleboxError;
}

/** Models inside models deeper than this are no image network's. */
const deepest = 16;

/** @throws CycleboxError MODEL_INVALID naming what is not known */
export function layersModelToOnnx({ topology, weights }: TensorFlowFiles, file: string): TensorFlowModel {
  const emitter = new OnnxEmitter();
  const scene: Scene = { emitter, weights, fail: why => invalid(file, why) };
  const model = modelOf(topology, scene);
  const channels = inputChannelsOf(model, scene);
  const image: LayerValue = { name: emitter.input('image', ['batch', channels, 'height', 'width']), channels };
  const [result, ...others] = emitModel(model.class_name, model.config, [image], scene, 0);
  if (!result || others.length > 0)
    throw scene.fail(`it has ${others.length + 1} outputs, and an image network has one`);
  emitter.output('translated', result.name, ['batch', result.channels, 'height_out', 'width_out']);
  return {
    inputChannels: channels,
    outputChannels: result.channels,
    encode: metadata => emitter.encode('layers-model', metadata),
  };
}

function modelOf(topology: unknown, { fail }: Scene): z.infer<typeof modelSchema> {
  const held = topology as { readonly model_config?: unknown };
  const parsed = modelSchema.safeParse(held.model_config ?? topology);
  if (parsed.success) return parsed.data;
  throw fail('its topology has no model_config');
}

/** As the first layer that says it has it: `[null, null, null, 3]`. */
function inputChannelsOf(model: z.infer<typeof modelSchema>, { fail }: Scene): number {
  const shapes = [...shapesIn(model, 0)];
  const channels = shapes.map(shape => shape.at(-1)).find(size => typeof size === 'number');
  if (channels !== undefined) return channels;
  throw fail('none of its layers says how many channels an image has');
}

function* shapesIn(value: unknown, depth: number): Generator<readonly unknown[]> {
  if (typeof value !== 'object' || value === null || depth > 4 * deepest) return;
  const { batch_input_shape: old, batch_shape: recent } = value as Record<string, unknown>;
  for (const shape of [old, recent]) if (Array.isArray(shape) && shape.length === 4) yield shape;
  for (const inner of Object.values(value)) yield* shapesIn(inner, depth + 1);
}

function emitModel(
  kind: string,
  config: unknown,
  inputs: readonly LayerValue[],
  scene: Scene,
  depth: number,
): readonly LayerValue[] {
  if (depth > deepest) throw scene.fail(`it has models within models, more than ${deepest} deep`);
  if (kind === 'Sequential') return emitSequence(config, inputs, scene, depth);
  return new FunctionalModel(config, inputs, scene, depth).outputs();
}

function emitSequence(
  config: unknown,
  inputs: readonly LayerValue[],
  scene: Scene,
  depth: number,
): readonly LayerValue[] {
  const parsed = sequential.safeParse(config);
  if (!parsed.success) throw scene.fail('its sequence of layers is malformed');
  return parsed.data.reduce((values, layer) => emitOne(layer, values, scene, depth), inputs);
}

function nameOf({ name, config }: Layer): string {
  return name ?? String(config['name'] ?? '');
}

function emitOne(layer: Layer, inputs: readonly LayerValue[], scene: Scene, depth: number): readonly LayerValue[] {
  const kind = layer.class_name;
  if (kind === 'InputLayer') return inputs;
  if (isModel(kind)) return emitModel(kind, layer.config, inputs, scene, depth + 1);
  const described = { name: nameOf(layer), kind, settings: layer.config };
  return [emitLayer(kind, new LayerContext(described, inputs, scene))];
}

function isModel(kind: string): boolean {
  return kind === 'Sequential' || kind === 'Functional' || kind === 'Model';
}

function inputsOf({ inbound_nodes: nodes = [] }: Layer): readonly (readonly [string, number, number])[] {
  return nodes.flatMap(referencesOf);
}

/** Layers by name, each called once or more: `name, call, which of its results` names a value. */
class FunctionalModel {
  readonly #layers: ReadonlyMap<string, Layer>;
  readonly #outputs: readonly (readonly [string, number, number, ...unknown[]])[];
  readonly #values = new Map<string, readonly LayerValue[]>();
  readonly #open = new Set<string>();
  /** The lowest call of a layer that something refers to: models inside models count one more than they list. */
  readonly #firstCalls = new Map<string, number>();
  readonly #scene: Scene;
  readonly #depth: number;

  constructor(config: unknown, inputs: readonly LayerValue[], scene: Scene, depth: number) {
    const parsed = functional.safeParse(config);
    if (!parsed.success) throw scene.fail('its graph of layers is malformed');
    const { layers, input_layers: entries, output_layers: outputs } = parsed.data;
    if (entries.length !== inputs.length)
      throw scene.fail(`it has ${entries.length} inputs, and an image network has one`);
    this.#layers = new Map(layers.map(layer => [nameOf(layer), layer]));
    this.#outputs = outputs;
    this.#scene = scene;
    this.#depth = depth;
    for (const [name, call] of [...outputs, ...layers.flatMap(inputsOf)]) {
      this.#firstCalls.set(name, Math.min(call, this.#firstCalls.get(name) ?? call));
    }
    for (const [at, [name]] of entries.entries()) this.#values.set(`${name}/0`, [inputs[at]!]);
  }

  outputs(): readonly LayerValue[] {
    return this.#outputs.map(([name, call, which]) => this.#value(name, call, which));
  }

  #value(name: string, call: number, which: number): LayerValue {
    const found = this.#call(name, call)[which];
    if (found) return found;
    throw this.#scene.fail(`its layer ${name} has no result ${which}`);
  }

  #call(name: string, call: number): readonly LayerValue[] {
    const key = `${name}/${call}`;
    const known = this.#values.get(key);
    if (known) return known;
    const layer = this.#layers.get(name);
    if (!layer || this.#open.has(key))
      throw this.#scene.fail(`its layer ${name} ${layer ? 'depends on itself' : 'is not there'}`);
    this.#open.add(key);
    const first = isModel(layer.class_name) ? this.#firstCalls.get(name)! : 0;
    const inputs = referencesOf(layer.inbound_nodes?.[call - first]).map(each => this.#value(...each));
    const values = emitOne(layer, inputs, this.#scene, this.#depth);
    this.#values.set(key, values);
    return values;
  }
}

/** Of Keras 2, lists of references; of Keras 3, arguments with tensors' histories in them. */
function referencesOf(node: unknown): readonly (readonly [string, number, number])[] {
  const listed = references.safeParse(node);
  if (listed.success) return listed.data.map(([name, call, which]) => [name, call, which]);
  const found: (readonly [string, number, number])[] = [];
  collectHistories(node, found, 0);
  return found;
}

function collectHistories(value: unknown, found: (readonly [string, number, number])[], depth: number): void {
  if (typeof value !== 'object' || value === null || depth > deepest) return;
  const history = tensorReference.safeParse((value as { readonly keras_history?: unknown }).keras_history);
  if (history.success) found.push([history.data[0], history.data[1], history.data[2]]);
  else for (const inner of Object.values(value)) collectHistories(inner, found, depth + 1);
}
