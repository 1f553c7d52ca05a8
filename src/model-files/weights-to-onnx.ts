/**
 * Weights as a model file: a PyTorch or safetensors file's network as ONNX, with what is known of it in the metadata. Of
 * our own kinds it is what a training would have exported.
 */
import { completeWeights, describeNetwork, generatorGraph, sizeMultipleOf } from '../nets/index.js';
import { encodeOnnx, metadataKeys } from '../onnx/index.js';
import { emitDescribed } from './emit-described.js';
import type { KnownNetwork } from './network-in-tensors.js';

export interface ConvertedModel {
  /** An ONNX file. */
  readonly bytes: Uint8Array;
  /** The network in a line, for people. */
  readonly network: string;
}

/** @throws CycleboxError WEIGHTS_MISMATCH */
export function weightsToOnnx(known: KnownNetwork, file: string): ConvertedModel {
  return known.kind === 'generator' ? ourGenerator(known) : described(known, file);
}

function ourGenerator({ spec, tensors }: Extract<KnownNetwork, { kind: 'generator' }>): ConvertedModel {
  const weights = Object.entries(completeWeights(spec, tensors)).map(([key, { data }]) => [key, data] as const);
  const bytes = encodeOnnx(generatorGraph(spec), {
    name: 'generator',
    weights: Object.fromEntries(weights),
    metadata: {
      [metadataKeys.architecture]: JSON.stringify(spec),
      [metadataKeys.range]: '-1..1',
      [metadataKeys.sizeMultiple]: String(sizeMultipleOf(spec)),
    },
  });
  return { bytes, network: describeNetwork(spec) };
}

function described({ network, tensors }: Extract<KnownNetwork, { kind: 'described' }>, file: string): ConvertedModel {
  const emitted = emitDescribed(network, tensors, file);
  const { inputChannels, outputChannels, scale, sizeMultiple } = emitted;
  const { title = 'network as described', range, outputRange = range } = network;
  const bytes = emitted.encode({
    [metadataKeys.sizeMultiple]: String(sizeMultiple),
    ...(range !== undefined && { [metadataKeys.range]: range }),
    ...(outputRange !== undefined && outputRange !== range && { [metadataKeys.outputRange]: outputRange }),
    ...(scale !== 1 && { [metadataKeys.scale]: String(scale) }),
  });
  return { bytes, network: `${title}, ${inputChannels} → ${outputChannels} channels` };
}
