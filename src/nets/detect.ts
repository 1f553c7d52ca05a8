/**
 * Recognises a network by the keys and shapes of its state_dict, so that no one has to say what a weight file holds.
 * A guess is made from a few tell-tale tensors and then every key and shape is held against it.
 */
import { CycleboxError } from '../base/index.js';
import { describeNetwork } from './describe-network.js';
import { explainForeign, guessNetwork, type ShapedTensors } from './guess-network.js';
import { type Parameter, parametersOf } from './parameters.js';
import type { NetworkSpec, WeightedSpec } from './spec.js';

const listed = 3;

/**
 * The network that these tensors are the weights of. What leaves no trace in them is reported as the reference has it: a U-Net
 * without dropout, a resnet that upsamples by transposed convolutions, instance normalisation where there may be none.
 * @param tensors a clean state_dict (see `cleanStateDict`).
 * @param file named in errors.
 * @throws WEIGHTS_MISMATCH with what was recognised and what does not fit.
 */
export function detectNetwork(tensors: ShapedTensors, file?: string): NetworkSpec {
  const spec = guessNetwork(tensors);
  const foreign = explainForeign(tensors);
  if (foreign !== undefined) throw mismatch(file, foreign);
  if (!spec) {
    const keys = Object.keys(tensors);
    throw mismatch(
      file,
      `it is none of the networks known here (resnet_N, unet_N, PatchGAN, pixel and image discriminators). Its keys begin with ${keys.slice(0, listed).join(', ') || 'nothing: it is empty'}`,
    );
  }
  checkWeights(spec, tensors, file);
  return spec;
}

/**
 * Holds keys and shapes against a network. Biases that cancel may be missing.
 * @throws WEIGHTS_MISMATCH that lists the first missing, unexpected and misshapen tensors.
 */
export function checkWeights(spec: WeightedSpec, tensors: ShapedTensors, file?: string): void {
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
