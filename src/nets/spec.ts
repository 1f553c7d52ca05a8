/**
 * What a network is, as plain data: enough to build its graph, to name its parameters as PyTorch's state_dict does, and
 * to be written into a model's metadata. Names and numbers follow the reference CycleGAN (junyanz/pytorch-CycleGAN).
 */

/**
 * How a generator doubles sizes: the reference's transposed convolution, whose overlaps paint a grid, or nearest-neighbour
 * doubling and a convolution (Odena et al. 2016, Deconvolution and checkerboard artifacts).
 */
export const upsamplings = ['resize', 'transpose'] as const;
export type Upsampling = (typeof upsamplings)[number];

/** `resnet_6blocks`, `resnet_9blocks`, …: a 7×7 layer, two halvings, `blocks` residual blocks, two doublings. */
export interface ResnetSpec {
  readonly kind: 'resnet';
  /** ≥ 1. */
  readonly blocks: number;
  /** Channels after the first layer; 64 in the reference. */
  readonly width: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Whether PyTorch's network had Dropout layers: they hold no weights and do nothing in use, but shift keys. */
  readonly dropout: boolean;
  /** Default `transpose`, the reference's. Keys and shapes of weights are the same for both. */
  readonly upsample?: Upsampling | undefined;
}

/** `unet_128` (7 levels), `unet_256` (8 levels). */
export interface UnetSpec {
  readonly kind: 'unet';
  /** Halvings, ≥ 5. */
  readonly levels: number;
  readonly width: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Of no effect on keys or results; kept because the reference has the option. */
  readonly dropout: boolean;
}

/** PatchGAN, `basic` (3 layers) or `n_layers`: a map of logits, one per patch. */
export interface PatchSpec {
  readonly kind: 'patch';
  /** Layers of stride 2, ≥ 1. */
  readonly layers: number;
  readonly width: number;
  readonly inputChannels: number;
}

/** `pixel`: three 1×1 layers, one logit per pixel. */
export interface PixelSpec {
  readonly kind: 'pixel';
  readonly width: number;
  readonly inputChannels: number;
}

export type GeneratorSpec = ResnetSpec | UnetSpec;
export type DiscriminatorSpec = PatchSpec | PixelSpec;
export type NetworkSpec = GeneratorSpec | DiscriminatorSpec;

/** Height and width of a generator's input must be multiples of this. */
export function sizeMultipleOf(spec: GeneratorSpec): number {
  return spec.kind === 'resnet' ? 4 : 2 ** spec.levels;
}

/** `resnet_9blocks, width 64, 3 → 3 channels`: for people. */
export function describeNetwork(spec: NetworkSpec): string {
  const { width, inputChannels } = spec;
  switch (spec.kind) {
    case 'resnet':
      return `resnet_${spec.blocks}blocks, width ${width}, ${inputChannels} → ${spec.outputChannels} channels${spec.dropout ? ', with dropout' : ''}${spec.upsample === 'resize' ? ', upsampling by resizing' : ''}`;
    case 'unet':
      return `unet_${2 ** spec.levels}, width ${width}, ${inputChannels} → ${spec.outputChannels} channels`;
    case 'patch':
      return `PatchGAN discriminator of ${spec.layers} layers, width ${width}, ${inputChannels} channels`;
    case 'pixel':
      return `pixel discriminator, width ${width}, ${inputChannels} channels`;
    default:
      return spec satisfies never;
  }
}
