/**
 * Networks that others train and that are none of our own, known by their keys and described layer by layer: the resnets of
 * CUT and FastCUT with their blurs, resnets whose instance normalisation has weights, and the nets of PyTorch's example of
 * fast neural style. What is only told by the keys is told from them; everything else holds every tensor to its place later.
 */
import type { ShapedTensors } from '../nets/index.js';
import type { DescribedLayer, DescribedNetwork } from './described-network.js';

export function describeFamily(tensors: ShapedTensors): DescribedNetwork | undefined {
  return describeFastStyle(tensors) ?? describeResnet(tensors);
}

const relu: DescribedLayer = { op: 'relu' };

/** Johnson et al. 2016 as in pytorch/examples, fast_neural_style: values from 0 to 255 both ways. */
function describeFastStyle(tensors: ShapedTensors): DescribedNetwork | undefined {
  if (!['conv1', 'res1.conv1', 'deconv3'].every(name => kernelOf(tensors, `${name}.conv2d`) !== undefined))
    return undefined;
  const conv = (name: string, stride = 1): DescribedLayer => {
    const padding = Math.floor((kernelOf(tensors, `${name}.conv2d`) ?? 3) / 2);
    return { op: 'conv', key: `${name}.conv2d`, stride, padding, border: 'reflect' };
  };
  const normed = (layer: DescribedLayer, norm: string): DescribedLayer[] => [layer, { op: 'instanceNorm', key: norm }];
  const doubling: DescribedLayer = { op: 'resize', factor: 2 };
  const block = (name: string): DescribedLayer => ({
    op: 'residual',
    layers: [...normed(conv(`${name}.conv1`), `${name}.in1`), relu, ...normed(conv(`${name}.conv2`), `${name}.in2`)],
  });
  const blocks = countWhile(at => kernelOf(tensors, `res${at + 1}.conv1.conv2d`) !== undefined);
  const width = tensors['conv1.conv2d.weight']!.shape[0];
  return {
    title: `fast neural style, width ${width}, ${blocks} blocks`,
    layers: [
      ...[...normed(conv('conv1'), 'in1'), relu],
      ...[...normed(conv('conv2', 2), 'in2'), relu],
      ...[...normed(conv('conv3', 2), 'in3'), relu],
      ...Array.from({ length: blocks }, (_, at) => block(`res${at + 1}`)),
      ...[doubling, ...normed(conv('deconv1'), 'in4'), relu],
      ...[doubling, ...normed(conv('deconv2'), 'in5'), relu],
      conv('deconv3'),
      { op: 'clamp', least: 0, most: 255 },
    ],
    range: '0..255',
    sizeMultiple: 4,
  };
}

/**
 * The reference's resnet, as CUT's models/networks.py varies it: `Downsample` after a convolution of stride 1, `Upsample`
 * before one in place of a transposed convolution, each a place of its own in the list.
 */
function describeResnet(tensors: ShapedTensors): DescribedNetwork | undefined {
  const places = Object.keys(tensors).map(key =>
    Number(/^model\.(\d{1,4})\.conv_block\./.exec(key)?.[1] ?? Number.NaN),
  );
  const blockPlaces = places.filter(place => !Number.isNaN(place));
  if (blockPlaces.length === 0) return undefined;
  const [first, last] = [Math.min(...blockPlaces), Math.max(...blockPlaces)];
  // Between the first layer and the blocks lie two halvings of three or four places each.
  const [blursDown, blursUp] = [first === 12, hasFilter(tensors, last + 1)];
  if (first !== 10 && first !== 12) return undefined;
  const affine = Object.hasOwn(tensors, 'model.2.weight') ? 'with weights' : undefined;
  const norm: DescribedLayer = {
    op: Object.hasOwn(tensors, 'model.2.running_var') && affine ? 'batchNorm' : 'instanceNorm',
  };
  const conv = (padding: number, stride = 1): DescribedLayer => ({ op: 'conv', padding, stride });
  const halving = blursDown ? [conv(1), norm, relu, { op: 'blurDown' } as const] : [conv(1, 2), norm, relu];
  const doubling = blursUp
    ? [{ op: 'blurUp' } as const, conv(1), norm, relu]
    : [{ op: 'transposed', stride: 2, padding: 1, outputPadding: 1 } as const, norm, relu];
  const blocks = last - first + 1;
  return {
    title: resnetTitle(tensors, blocks, { blursDown, blursUp, norm: affine && norm.op }),
    prefix: 'model',
    layers: [
      ...[reflect(3), conv(0), norm, relu],
      ...[...halving, ...halving],
      ...Array.from({ length: blocks }, () => residualBlock(norm, hasDropout(tensors, first))),
      ...[...doubling, ...doubling],
      ...[reflect(3), conv(0), { op: 'tanh' } as const],
    ],
    range: '-1..1',
    sizeMultiple: 4,
  };
}

function residualBlock(norm: DescribedLayer, dropout: boolean): DescribedLayer {
  const half = [reflect(1), { op: 'conv' } as const, norm];
  return {
    op: 'residual',
    name: 'conv_block',
    layers: [...half, relu, ...(dropout ? [{ op: 'dropout' } as const] : []), ...half],
  };
}

function reflect(cells: number): DescribedLayer {
  return { op: 'reflectPad', cells };
}

function hasDropout(tensors: ShapedTensors, place: number): boolean {
  return kernelOf(tensors, `model.${place}.conv_block.6`) !== undefined;
}

function hasFilter(tensors: ShapedTensors, place: number): boolean {
  return Object.hasOwn(tensors, `model.${place}.filt`);
}

interface ResnetVariant {
  readonly blursDown: boolean;
  readonly blursUp: boolean;
  readonly norm: string | undefined;
}

function resnetTitle(tensors: ShapedTensors, blocks: number, { blursDown, blursUp, norm }: ResnetVariant): string {
  const width = tensors['model.1.weight']?.shape[0];
  const sampling =
    blursDown || blursUp
      ? [`anti-aliased ${blursDown ? 'down' : ''}${blursDown && blursUp ? ' and ' : ''}${blursUp ? 'up' : ''} (CUT)`]
      : [];
  const normed =
    norm === undefined ? [] : [norm === 'batchNorm' ? 'batch normalisation' : 'instance normalisation with weights'];
  return [`resnet_${blocks}blocks`, `width ${width}`, ...sampling, ...normed].join(', ');
}

/** The side of a layer's kernel. */
function kernelOf(tensors: ShapedTensors, layer: string): number | undefined {
  const shape = Object.hasOwn(tensors, `${layer}.weight`) ? tensors[`${layer}.weight`]!.shape : [];
  return shape.length === 4 ? shape[2] : undefined;
}

function countWhile(holds: (at: number) => boolean): number {
  let count = 0;
  while (holds(count)) count++;
  return count;
}
