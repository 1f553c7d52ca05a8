/**
 * Recognises a network by the keys and shapes of its state_dict, so that no one has to say what a weight file holds.
 * A guess is made from a few tell-tale tensors and then every key and shape is held against it.
 */
import { CycleboxError } from '../base/index.js';
import { describeNetwork } from './describe-network.js';
import { type Parameter, parametersOf } from './parameters.js';
import type { NetworkSpec } from './spec.js';

/** Tensors by key; their values do not matter. */
export type ShapedTensors = Readonly<Record<string, { readonly shape: readonly number[] }>>;

const listed = 3;

/**
 * The network that these tensors are the weights of. Dropout of a U-Net leaves no trace and is reported as absent.
 * @param tensors a clean state_dict (see `cleanStateDict`).
 * @param file named in errors.
 * @throws WEIGHTS_MISMATCH with what was recognised and what does not fit.
 */
export function detectNetwork(tensors: ShapedTensors, file?: string): NetworkSpec {
  const spec = guess(tensors);
  const foreign = explainForeign(tensors);
  if (foreign !== undefined) throw mismatch(file, foreign);
  if (!spec) {
    const keys = Object.keys(tensors);
    throw mismatch(
      file,
      `it is none of the networks known here (resnet_N, unet_N, PatchGAN and pixel discriminators). Its keys begin with ${keys.slice(0, listed).join(', ') || 'nothing: it is empty'}`,
    );
  }
  checkWeights(spec, tensors, file);
  return spec;
}

/**
 * Holds keys and shapes against a network. Biases that cancel may be missing.
 * @throws WEIGHTS_MISMATCH that lists the first missing, unexpected and misshapen tensors.
 */
export function checkWeights(spec: NetworkSpec, tensors: ShapedTensors, file?: string): void {
  const parameters = parametersOf(spec);
  const known = new Set(parameters.map(({ key }) => key));
  const findings = [
    list(
      'missing',
      parameters.filter(({ key, cancels }) => !cancels && !Object.hasOwn(tensors, key)).map(({ key }) => key),
    ),
    list(
      'unexpected',
      Object.keys(tensors).filter(key => !known.has(key)),
    ),
    list(
      'of another shape',
      parameters
        .filter(parameter => isMisshapen(parameter, tensors))
        .map(parameter => describeShape(parameter, tensors)),
    ),
  ].filter(text => text !== undefined);
  if (findings.length > 0) {
    throw mismatch(file, `it does not fit the network ${describeNetwork(spec)}: ${findings.join('; ')}`);
  }
}

function isMisshapen({ key, shape }: Parameter, tensors: ShapedTensors): boolean {
  return Object.hasOwn(tensors, key) && String(tensors[key]!.shape) !== String(shape);
}

function describeShape({ key, shape }: Parameter, tensors: ShapedTensors): string {
  return `${key} is [${tensors[key]!.shape.join(', ')}] instead of [${shape.join(', ')}]`;
}

function list(what: string, items: readonly string[]): string | undefined {
  if (items.length === 0) return undefined;
  const rest = items.length - listed;
  return `${what}: ${items.slice(0, listed).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function mismatch(file: string | undefined, reason: string): CycleboxError {
  return new CycleboxError('WEIGHTS_MISMATCH', `${file ?? 'The weights'} cannot be used: ${reason}.`, {
    subject: { file },
  });
}

/** Networks that look like ours but are not, in words that help. */
function explainForeign(tensors: ShapedTensors): string | undefined {
  const keys = Object.keys(tensors);
  if (keys.some(key => key.endsWith('.filt'))) {
    return 'it is a network of CUT or FastCUT, whose anti-aliased sampling layers are not supported. Train with --no_antialias --no_antialias_up, or use CycleGAN weights';
  }
  const normalised = keys.find(key => key.endsWith('.weight') && tensors[key]!.shape.length === 1);
  if (normalised !== undefined) {
    return `it has normalisation layers with weights of their own (${normalised}), as BatchNorm has; only networks with InstanceNorm (--norm instance) are supported`;
  }
  return undefined;
}

function guess(tensors: ShapedTensors): NetworkSpec | undefined {
  const keys = Object.keys(tensors);
  if (keys.some(key => key.startsWith('net.'))) return guessPixel(tensors);
  if (keys.some(key => key.startsWith('model.model.'))) return guessUnet(tensors, keys);
  if (keys.some(key => key.includes('.conv_block.'))) return guessResnet(tensors, keys);
  return guessPatch(tensors, keys);
}

function guessPixel(tensors: ShapedTensors): NetworkSpec | undefined {
  const first = kernelOf(tensors, 'net.0.weight');
  return first && { kind: 'pixel', width: first[0], inputChannels: first[1] };
}

function guessUnet(tensors: ShapedTensors, keys: readonly string[]): NetworkSpec | undefined {
  const first = kernelOf(tensors, 'model.model.0.weight');
  const last = kernelOf(tensors, 'model.model.3.weight');
  const deepest = Math.max(...keys.map(key => key.split('.model').length));
  const levels = deepest - 1;
  if (!first || !last || levels < 5) return undefined;
  return { kind: 'unet', levels, width: first[0], inputChannels: first[1], outputChannels: last[1], dropout: false };
}

function guessResnet(tensors: ShapedTensors, keys: readonly string[]): NetworkSpec | undefined {
  const first = kernelOf(tensors, 'model.1.weight');
  const last = kernelOf(tensors, `model.${lastIndex(keys)}.weight`);
  const blocks = new Set(keys.filter(key => key.includes('.conv_block.')).map(key => key.split('.')[1])).size;
  if (!first || !last) return undefined;
  const dropout = keys.some(key => key.endsWith('.conv_block.6.weight'));
  return { kind: 'resnet', blocks, width: first[0], inputChannels: first[1], outputChannels: last[0], dropout };
}

function guessPatch(tensors: ShapedTensors, keys: readonly string[]): NetworkSpec | undefined {
  const first = kernelOf(tensors, 'model.0.weight');
  const layers = keys.filter(key => /^model\.\d+\.weight$/.test(key)).length - 2;
  return first && layers >= 1 ? { kind: 'patch', layers, width: first[0], inputChannels: first[1] } : undefined;
}

function lastIndex(keys: readonly string[]): number {
  return keys.reduce((last, key) => Math.max(last, Number(/^model\.(\d{1,6})\.weight$/.exec(key)?.[1] ?? 0)), 0);
}

/** First two sizes of a convolution's kernel, both at least 1. */
function kernelOf(tensors: ShapedTensors, key: string): readonly [number, number] | undefined {
  const shape = Object.hasOwn(tensors, key) ? tensors[key]!.shape : [];
  const [a, b] = shape;
  return shape.length === 4 && a !== undefined && b !== undefined && a > 0 && b > 0 ? [a, b] : undefined;
}
