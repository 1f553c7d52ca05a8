/**
 * What a generator's encoder half makes of an image on the way: the tensors that PatchNCE (Park et al. 2020) compares. The
 * rest of the network is not built.
 */
import { matmul, reshape, type Tensor, transpose } from '../graph/index.js';
import { applyLayer } from './build.js';
import { type ConvolutionLayer, type Layer, type LayerTable, layersOf } from './layers.js';
import type { BuildOptions, WeightSource } from './normalise.js';
import type { GeneratorSpec } from './spec.js';

/** A layer of the encoder whose result is worth comparing. */
export interface FeatureLayer {
  /** For people: `input`, `halving 1`, `block 5`. */
  readonly name: string;
  /** For `buildFeatures`. */
  readonly layer: number;
  readonly channels: number;
}

/** A place in a list of layers. */
interface Step {
  readonly prefix: string;
  readonly layers: readonly Layer[];
  readonly index: number;
}

const comparedHalvings = 4;

/**
 * The layers that CUT compares, by what they are. Of a resnet: its input with the mirrored border, both halving convolutions
 * before their norm, the first residual block and the middle one (CUT's layers 0, 4, 8, 12 and 16 of its own table). Of a U-Net:
 * its first four halving convolutions.
 */
export function featureLayersOf(spec: GeneratorSpec): readonly FeatureLayer[] {
  const layers = encoderOf(layersOf(spec)).map(layerAt);
  const places = (test: (layer: Layer) => boolean) => layers.flatMap((layer, place) => (test(layer) ? [place] : []));
  const halvings = places(layer => layer.op === 'conv' && layer.stride === 2).slice(0, comparedHalvings);
  const blocks = places(({ op }) => op === 'residual');
  const compared = [...new Set([0, Math.floor(blocks.length / 2)])].filter(block => block < blocks.length);
  const feature = (name: string, layer: number) => ({ name, layer, channels: channelsAfter(spec, layers, layer) });
  return [
    ...(layers[0]!.op === 'reflectPad' ? [feature('input', 0)] : []),
    ...halvings.map((layer, at) => feature(`halving ${at + 1}`, layer)),
    ...compared.map(block => feature(`block ${block + 1}`, blocks[block]!)),
  ];
}

/**
 * Results of the encoder's layers at these places, in the order asked for; x as in `buildNetwork`. Places count down the
 * encoder's path: for a resnet they are those of `model`, up to its last block; for a U-Net they go on into the nested levels.
 * @throws RangeError for a place that the encoder does not have.
 */
export function buildFeatures(
  spec: GeneratorSpec,
  x: Tensor,
  weights: WeightSource,
  layers: readonly number[],
  options: BuildOptions = {},
): Tensor[] {
  const steps = encoderOf(layersOf(spec));
  const beyond = layers.find(layer => !(layer in steps));
  if (beyond !== undefined) throw new RangeError(`Layer ${beyond} is none of the encoder's ${steps.length}.`);
  const results: Tensor[] = [];
  let value = x;
  for (const { prefix, layers: list, index } of steps.slice(0, Math.max(...layers) + 1)) {
    value = applyLayer(prefix, list, index, value, { weights, options });
    results.push(value);
  }
  return layers.map(layer => results[layer]!);
}

/**
 * A grid of positions of a map as rows of channels: x `[n, c, h, w]`, `rows` `[r, h]` and `columns` `[s, w]` with a single 1
 * in each row → `[n · r · s, c]`, image by image, row by row. Chosen at random by the caller, they give random positions
 * without a product over all of the map's.
 */
export function samplePositions(x: Tensor, rows: Tensor, columns: Tensor): Tensor {
  const [n, channels, height, width] = x.shape as readonly [number, number, number, number];
  const [r, s] = [rows.shape[0] as number, columns.shape[0] as number];
  const lines = matmul(reshape(x, [n * channels * height, width]), columns, { transposeB: true });
  const upright = transpose(reshape(lines, [n * channels, height, s]), [0, 2, 1]);
  const picked = matmul(reshape(upright, [n * channels * s, height]), rows, { transposeB: true });
  return reshape(transpose(reshape(picked, [n, channels, s, r]), [0, 3, 2, 1]), [n * r * s, channels]);
}

/** Down to where the network begins to double sizes. */
function encoderOf({ prefix, layers }: LayerTable): Step[] {
  const steps: Step[] = [];
  for (const [index, layer] of layers.entries()) {
    if (layer.op === 'transposed' || layer.op === 'resized') break;
    if (layer.op === 'skip') {
      return [...steps, ...encoderOf({ prefix: `${prefix}.${index}.${layer.name}`, layers: layer.layers })];
    }
    steps.push({ prefix, layers, index });
  }
  return steps;
}

function layerAt({ layers, index }: Step): Layer {
  return layers[index]!;
}

function channelsAfter({ inputChannels }: GeneratorSpec, layers: readonly Layer[], place: number): number {
  const convolutions = layers.slice(0, place + 1).filter((layer): layer is ConvolutionLayer => layer.op === 'conv');
  return convolutions.at(-1)?.outputs ?? inputChannels;
}
