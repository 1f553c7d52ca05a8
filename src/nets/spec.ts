/**
 * What a network is, as plain data: enough to build its graph, to name its parameters as PyTorch's state_dict does, and
 * to be written into a model's metadata. Names and numbers follow the reference CycleGAN (junyanz/pytorch-CycleGAN). What
 * is absent means what every file meant before the choice was there.
 */

/**
 * How a generator doubles sizes: the reference's transposed convolution, whose overlaps paint a grid, or nearest-neighbour
 * doubling and a convolution (Odena et al. 2016, Deconvolution and checkerboard artifacts).
 */
export const upsamplings = ['resize', 'transpose'] as const;
export type Upsampling = (typeof upsamplings)[number];

/**
 * What normalises the result of a convolution. `instance`: per image and channel, without parameters (the reference's
 * default); it takes each channel's mean over the image away. `group`: per image and group of channels (Wu & He 2018), with
 * scale and shift. `batch`: per channel over the batch in training, by running statistics in use (Ioffe & Szegedy 2015),
 * with scale and shift; on batches of one image it is instance normalisation in training and something else in use, and one
 * image of a batch changes what becomes of another. `none`: nothing does.
 *
 * A resnet that is to paint flat images of chance brightness black or white learns it with `group` (mean error 0.004 after 400
 * steps) and `none` (0.05), never with `instance` (0.63) or `batch` (0.68): width 8, 1 block, 32², batches of one.
 */
export const norms = ['instance', 'group', 'batch', 'none'] as const;
export type Norm = (typeof norms)[number];

/**
 * How a discriminator halves sizes: `stride`, the reference's convolutions of stride 2, or `blur`: convolution of stride 1,
 * activation, and only then every other value of a slightly blurred map (Zhang 2019, Making Convolutional Networks
 * Shift-Invariant Again).
 */
export const downsamplings = ['stride', 'blur'] as const;
export type Downsampling = (typeof downsamplings)[number];

interface Normalised {
  /** Default `instance`. */
  readonly norm?: Norm | undefined;
}

interface Downsampled {
  /** Default `stride`. */
  readonly downsample?: Downsampling | undefined;
}

interface Upsampled {
  /** Default `transpose`, the reference's. */
  readonly upsample?: Upsampling | undefined;
}

/** `resnet_6blocks`, `resnet_9blocks`, …: a 7×7 layer, two halvings, `blocks` residual blocks, two doublings. */
export interface ResnetSpec extends Normalised, Upsampled {
  readonly kind: 'resnet';
  /** ≥ 1. */
  readonly blocks: number;
  /** Channels after the first layer; 64 in the reference. */
  readonly width: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Whether PyTorch's network had Dropout layers: they hold no weights and do nothing in use, but shift keys. */
  readonly dropout: boolean;
}

/** `unet_128` (7 levels), `unet_256` (8 levels). Kernels that double sizes are 4×4, with `upsample: 'resize'` 3×3. */
export interface UnetSpec extends Normalised, Upsampled {
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
export interface PatchSpec extends Normalised, Downsampled {
  readonly kind: 'patch';
  /** Halvings, ≥ 1. */
  readonly layers: number;
  readonly width: number;
  readonly inputChannels: number;
}

/** `pixel`: three 1×1 layers, one logit per pixel. */
export interface PixelSpec extends Normalised {
  readonly kind: 'pixel';
  readonly width: number;
  readonly inputChannels: number;
}

/**
 * One logit per image: halvings, then the mean of each channel over what is left of the image, then one linear layer, as in
 * the critics of WGAN-GP and SN-GAN. A mean rather than a kernel of the map's size lets one network judge images of any size.
 * Nothing normalises the layer before the mean: an instance norm there would leave no mean to judge by.
 */
export interface ImageSpec extends Normalised, Downsampled {
  readonly kind: 'image';
  /** Halvings, ≥ 1. A cell of the last map sees 22, 46, 94, 190 pixels a side after 3, 4, 5, 6 of them. */
  readonly layers: number;
  readonly width: number;
  readonly inputChannels: number;
}

/** The heads of PatchNCE (Park et al. 2020): for each tapped layer a perceptron of two layers and unit length. */
export interface ProjectionSpec {
  readonly kind: 'projection';
  /** Of the features of each tapped layer. */
  readonly channels: readonly number[];
  /** Of the projections; 256 in the paper. */
  readonly width: number;
}

export type GeneratorSpec = ResnetSpec | UnetSpec;
export type DiscriminatorSpec = PatchSpec | PixelSpec | ImageSpec;
/** Image in, image or logits out. */
export type NetworkSpec = GeneratorSpec | DiscriminatorSpec;
/** Whatever has weights. */
export type WeightedSpec = NetworkSpec | ProjectionSpec;

/** Height and width of a generator's input must be multiples of this. */
export function sizeMultipleOf(spec: GeneratorSpec): number {
  return spec.kind === 'resnet' ? 4 : 2 ** spec.levels;
}
