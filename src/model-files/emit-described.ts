/**
 * A described network as an ONNX file: its layers as ONNX's own operations, its weights inside, batch and sizes free. What
 * a layer does is what PyTorch's layer of that name does.
 */

import type { WeightTensors } from '../nets/index.js';
import { OnnxEmitter, type ValueName } from '../onnx/index.js';
import { blurDown, blurUp } from './blur-layers.js';
import type { DescribedLayer, DescribedNetwork } from './described-network.js';
import { type Emission, padded, resized, type Value } from './emission.js';
import { NamedTensors } from './named-tensors.js';
import { batchNorm, groupNorm, instanceNorm } from './norm-layers.js';

export interface EmittedNetwork {
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Of the output's sides to the input's. */
  readonly scale: number;
  /** That sides should be multiples of, as strides suggest. */
  readonly sizeMultiple: number;
  encode(metadata: Readonly<Record<string, string>>): Uint8Array;
}

/**
 * @param tensors the state_dict; none may be left over
 * @throws CycleboxError WEIGHTS_MISMATCH naming what does not fit, with all tensors
 */
export function emitDescribed(network: DescribedNetwork, tensors: WeightTensors, file: string): EmittedNetwork {
  const emission = { emitter: new OnnxEmitter(), tensors: new NamedTensors(tensors, file) };
  const { emitter } = emission;
  const inputChannels = firstChannels(network, emission.tensors);
  const image = emitter.input('image', ['batch', inputChannels, 'height', 'width']);
  let smallest = 1;
  const note = (value: Value): Value => {
    smallest = Math.min(smallest, value.scale);
    return value;
  };
  const start = { name: image, channels: inputChannels, scale: 1 };
  const last = emitList(network.prefix ?? '', network.layers, start, emission, note);
  emission.tensors.requireAllUsed();
  const [height, width] = last.scale === 1 ? ['height', 'width'] : ['height_out', 'width_out'];
  emitter.output('translated', last.name, ['batch', last.channels, height!, width!]);
  return {
    inputChannels,
    outputChannels: last.channels,
    scale: last.scale,
    sizeMultiple: network.sizeMultiple ?? Math.round(1 / smallest),
    encode: metadata => emitter.encode(network.title ?? 'described', metadata),
  };
}

/** Of the first layer that has weights. @throws CycleboxError WEIGHTS_MISMATCH where none has */
function firstChannels({ prefix = '', layers }: DescribedNetwork, tensors: NamedTensors): number {
  const found = firstOf(prefix, layers);
  if (!found) throw tensors.mismatch('the network that is described has no convolution');
  const { shape } = tensors.take(`${found.key}.weight`, 4);
  return found.layer.op === 'conv' ? shape[1]! * (found.layer.groups ?? 1) : shape[0]!;
}

type Convolution = Extract<DescribedLayer, { op: 'conv' | 'transposed' }>;

function firstOf(
  prefix: string,
  layers: readonly DescribedLayer[],
): { readonly key: string; readonly layer: Convolution } | undefined {
  for (const [index, layer] of layers.entries()) {
    const key = keyOf(layer, prefix, index);
    if (layer.op === 'conv' || layer.op === 'transposed') return { key, layer };
    const inner = 'layers' in layer ? firstOf(innerPrefix(key, layer.name), layer.layers) : undefined;
    if (inner) return inner;
  }
  return undefined;
}

function keyOf(layer: DescribedLayer, prefix: string, index: number): string {
  const own = 'key' in layer ? layer.key : undefined;
  return own ?? (prefix === '' ? String(index) : `${prefix}.${index}`);
}

function innerPrefix(key: string, name: string | undefined): string {
  return name === undefined ? key : `${key}.${name}`;
}

type Note = (value: Value) => Value;

function emitList(prefix: string, layers: readonly DescribedLayer[], x: Value, emission: Emission, note: Note): Value {
  return layers.reduce(
    (value, layer, index) => note(emitLayer(keyOf(layer, prefix, index), layer, value, emission, note)),
    x,
  );
}

function emitLayer(key: string, layer: DescribedLayer, x: Value, emission: Emission, note: Note): Value {
  const { emitter } = emission;
  const changed = (name: ValueName): Value => ({ ...x, name });
  switch (layer.op) {
    case 'conv':
      return convolved(key, layer, x, emission);
    case 'transposed':
      return transposed(key, layer, x, emission);
    case 'instanceNorm':
      return changed(instanceNorm(key, layer.epsilon, x, emission));
    case 'batchNorm':
      return changed(batchNorm(key, layer.epsilon, x, emission));
    case 'groupNorm':
      return changed(groupNorm(key, layer, x, emission));
    case 'relu':
      return changed(emitter.node('Relu', [x.name]));
    case 'tanh':
      return changed(emitter.node('Tanh', [x.name]));
    case 'sigmoid':
      return changed(emitter.node('Sigmoid', [x.name]));
    case 'silu':
      return changed(emitter.node('Mul', [x.name, emitter.node('Sigmoid', [x.name])]));
    case 'leakyRelu':
      return changed(emitter.node('LeakyRelu', [x.name], { alpha: layer.slope }));
    case 'prelu':
      return changed(parametricRelu(key, x, emission));
    case 'zeroPad':
    case 'reflectPad':
    case 'replicatePad':
      return changed(padded(emitter, x.name, layer.cells, borders[layer.op]));
    case 'resize':
      return { ...x, name: resized(emitter, x.name, layer.factor, layer.by), scale: x.scale * layer.factor };
    case 'pixelShuffle':
      return shuffled(layer.factor, x, emission);
    case 'blurDown':
      return { ...x, name: blurDown(key, x, emission), scale: x.scale / 2 };
    case 'blurUp':
      return { ...x, name: blurUp(key, x, emission), scale: x.scale * 2 };
    case 'clamp':
      return changed(emitter.node('Clip', [x.name, emitter.filled(layer.least), emitter.filled(layer.most)]));
    case 'affine':
      return changed(scaled(emitter, x.name, layer));
    case 'dropout':
    case 'identity':
      return x;
    case 'residual':
    case 'skip':
      return joined(layer.op, x, emitList(innerPrefix(key, layer.name), layer.layers, x, emission, note), emission);
    default:
      return layer satisfies never;
  }
}

const borders = { zeroPad: 'constant', reflectPad: 'reflect', replicatePad: 'edge' } as const;

function convolved(key: string, layer: Extract<Convolution, { op: 'conv' }>, x: Value, emission: Emission): Value {
  const { emitter, tensors } = emission;
  const { stride = 1, padding = 0, border = 'zeros', dilation = 1, groups = 1 } = layer;
  const { shape, data } = tensors.take(`${key}.weight`, 4);
  if (shape[1]! * groups !== x.channels) throw wrongChannels(key, shape, x, tensors);
  const padsHere = border === 'zeros' ? padding : 0;
  const image = border === 'zeros' ? x.name : padded(emitter, x.name, padding, border === 'reflect' ? border : 'edge');
  const inputs = [image, emitter.floats(data, shape, `${key}.weight`), ...biasOf(key, shape[0]!, emission)];
  const name = emitter.node('Conv', inputs, {
    kernel_shape: shape.slice(2),
    strides: [stride, stride],
    pads: [padsHere, padsHere, padsHere, padsHere],
    dilations: [dilation, dilation],
    group: groups,
  });
  return { name, channels: shape[0]!, scale: x.scale / stride };
}

function transposed(
  key: string,
  layer: Extract<Convolution, { op: 'transposed' }>,
  x: Value,
  emission: Emission,
): Value {
  const { emitter, tensors } = emission;
  const { stride = 1, padding = 0, outputPadding = 0, groups = 1 } = layer;
  const { shape, data } = tensors.take(`${key}.weight`, 4);
  if (shape[0] !== x.channels) throw wrongChannels(key, shape, x, tensors);
  const channels = shape[1]! * groups;
  const inputs = [x.name, emitter.floats(data, shape, `${key}.weight`), ...biasOf(key, channels, emission)];
  const name = emitter.node('ConvTranspose', inputs, {
    kernel_shape: shape.slice(2),
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    output_padding: [outputPadding, outputPadding],
    group: groups,
  });
  return { name, channels, scale: x.scale * stride };
}

function wrongChannels(key: string, shape: readonly number[], x: Value, tensors: NamedTensors): Error {
  return tensors.mismatch(`${key}.weight is [${shape.join(', ')}], but ${x.channels} channels go into that layer`);
}

function biasOf(key: string, channels: number, { emitter, tensors }: Emission): readonly ValueName[] {
  if (!tensors.has(`${key}.bias`)) return [];
  return [emitter.floats(tensors.perChannel(`${key}.bias`, channels), [channels], `${key}.bias`)];
}

/** One slope for all channels, or one for each. */
function parametricRelu(key: string, x: Value, { emitter, tensors }: Emission): ValueName {
  const { shape, data } = tensors.take(`${key}.weight`, 1);
  if (shape[0] !== 1 && shape[0] !== x.channels) throw tensors.mismatch(`${key}.weight has ${shape[0]} slopes`);
  return emitter.node('PRelu', [x.name, emitter.floats(data, [shape[0]!, 1, 1], `${key}.weight`)]);
}

function shuffled(factor: number, x: Value, { emitter, tensors }: Emission): Value {
  if (x.channels % factor ** 2 !== 0)
    throw tensors.mismatch(`${x.channels} channels cannot become pixels, ${factor} × ${factor} of each`);
  const name = emitter.node('DepthToSpace', [x.name], { blocksize: factor, mode: 'CRD' });
  return { name, channels: x.channels / factor ** 2, scale: x.scale * factor };
}

function scaled(
  emitter: OnnxEmitter,
  x: ValueName,
  { factor = 1, summand = 0 }: { readonly factor?: number | undefined; readonly summand?: number | undefined },
): ValueName {
  const product = factor === 1 ? x : emitter.node('Mul', [x, emitter.filled(factor)]);
  return summand === 0 ? product : emitter.node('Add', [product, emitter.filled(summand)]);
}

function joined(op: 'residual' | 'skip', x: Value, y: Value, { emitter, tensors }: Emission): Value {
  if (x.scale !== y.scale) throw tensors.mismatch(`a branch changes the size ${y.scale / x.scale} times`);
  if (op === 'skip')
    return { ...x, name: emitter.node('Concat', [x.name, y.name], { axis: 1 }), channels: x.channels + y.channels };
  if (x.channels !== y.channels)
    throw tensors.mismatch(`a residual branch makes ${y.channels} channels of ${x.channels}`);
  return { ...x, name: emitter.node('Add', [x.name, y.name]) };
}
