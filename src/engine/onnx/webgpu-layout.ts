/**
 * Which layout WebGPU's convolutions run in. ONNX Runtime prefers channels last, which reads four channels at a time, but
 * its kernels (1.30) compute wrong sums there for three kinds of convolution; with channels first they are right. The
 * conformance suite and the recorded networks have all three.
 */
import type { Dimension, Graph, Node } from '../../graph/index.js';
import type { OnnxModelFile } from '../../onnx/index.js';

export type WebGpuLayout = 'NHWC' | 'NCHW';

/**
 * Numbers of input channels that the kernel reads three at a time and then takes for four: all but 3 itself. Seen for
 * 6, 9, 15, 18 and 21 channels, every size of kernel, wherever the number of results is a multiple of four.
 */
function isMiscomputed(channels: number): boolean {
  return channels > 3 && channels % 3 === 0 && channels % 4 !== 0;
}

/**
 * An image as small as the kernel on it is taken for one without padding, although there may be some after it, as
 * upsampling has it. Small enough is what only deep networks reach.
 */
function mayBeKernelSized(size: Dimension): boolean {
  return typeof size === 'number' ? size <= 4 : size.denominator > 4;
}

const convolutions: ReadonlySet<string> = new Set(['conv2d', 'conv2dInputGrad', 'conv2dWeightGrad']);

const ofGradients: ReadonlySet<string> = new Set(['leakyReluGrad', 'instanceNormGrad', 'conv2dWeightGrad']);

/**
 * With gradients the layout has to be changed back and forth around every convolution, for what is computed between them has
 * none that is preferred: a quarter more operations, and choices (`Greater`) that the CPU would have to transpose.
 */
export function layoutOfGraph({ nodes, updates }: Graph): WebGpuLayout {
  if (Object.keys(updates).length > 0 || nodes.some(({ op }) => ofGradients.has(op))) return 'NCHW';
  // Every convolution's channels are some image's or kernel's.
  const channels = nodes.filter(({ shape }) => shape.length === 4).map(({ shape }) => shape[1]!);
  if (channels.some(count => typeof count !== 'number' || isMiscomputed(count))) return 'NCHW';
  const isSmall = ({ op, inputs: [image] }: Node) =>
    convolutions.has(op) && nodes[image!]!.shape.slice(2).every(mayBeKernelSized);
  return nodes.some(isSmall) ? 'NCHW' : 'NHWC';
}

/** Fewer convolutions with steps do not make an image smaller than kernels are. */
const deepNetwork = 4;

/** Files do not say sizes; groups are mixed up where a group's results are no multiple of four. */
export function layoutOfModel({
  weights,
  convolutions,
}: Pick<OnnxModelFile, 'weights' | 'convolutions'>): WebGpuLayout {
  if (convolutions.some(({ groups }) => groups > 1)) return 'NCHW';
  if (convolutions.filter(({ strides }) => strides.some(step => step > 1)).length >= deepNetwork) return 'NCHW';
  const kernels = [...weights.values()].filter(({ shape }) => shape.length === 4);
  return kernels.some(({ shape: [k, c] }) => isMiscomputed(k!) || isMiscomputed(c!)) ? 'NCHW' : 'NHWC';
}
