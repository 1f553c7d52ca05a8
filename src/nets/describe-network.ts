/** A network in a line, for people: what it is, how large, and where it differs from the reference's. */
import type { Downsampling, Norm, Upsampling, WeightedSpec } from './spec.js';

/** `resnet_9blocks, width 64, 3 → 3 channels, group normalisation`. */
export function describeNetwork(spec: WeightedSpec): string {
  switch (spec.kind) {
    case 'resnet':
      return listed(`resnet_${spec.blocks}blocks`, sizes(spec), spec.dropout && 'with dropout', ...choices(spec));
    case 'unet':
      return listed(`unet_${2 ** spec.levels}`, sizes(spec), ...choices(spec));
    case 'patch':
      return listed(`PatchGAN discriminator of ${spec.layers} layers`, sizes(spec), ...choices(spec));
    case 'pixel':
      return listed('pixel discriminator', sizes(spec), ...choices(spec));
    case 'image':
      return listed(`image discriminator of ${spec.layers} layers`, sizes(spec), ...choices(spec));
    case 'projection':
      return `projection of ${spec.channels.join(', ')} channels to ${spec.width}`;
    default:
      return spec satisfies never;
  }
}

interface Sizes {
  readonly width: number;
  readonly inputChannels: number;
  readonly outputChannels?: number;
}

interface Choices {
  readonly norm?: Norm | undefined;
  readonly upsample?: Upsampling | undefined;
  readonly downsample?: Downsampling | undefined;
}

function sizes({ width, inputChannels, outputChannels }: Sizes): string {
  return `width ${width}, ${inputChannels}${outputChannels === undefined ? '' : ` → ${outputChannels}`} channels`;
}

/** What is not as in the reference. */
function choices({ norm = 'instance', upsample, downsample }: Choices): (string | false)[] {
  return [
    upsample === 'resize' && 'upsampling by resizing',
    downsample === 'blur' && 'downsampling after a blur',
    norm !== 'instance' && (norm === 'none' ? 'no normalisation' : `${norm} normalisation`),
  ];
}

function listed(...parts: readonly (string | false)[]): string {
  return parts.filter(part => part !== false).join(', ');
}
