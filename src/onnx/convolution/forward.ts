/**
 * conv2d in ONNX: Conv, except where a stride-1 layer has far fewer output than input channels (the last layer of a
 * generator). Conv would unfold all its input there; ConvTranspose with the turned kernel spreads the few outputs.
 */
import { numericShape } from '../../graph/index.js';
import type { ValueName } from '../emitter.js';
import type { Site } from '../site.js';
import { farFewer, kernelSize, turnedKernel, turnedPadding } from './geometry.js';

export function lowerConv2d(site: Site<'conv2d'>): ValueName {
  const { emitter, inputs, inputShapes, attributes } = site;
  const { stride, padding } = attributes;
  if (!spreadsOutputs(site)) return emitter.node('Conv', inputs, { strides: stride, pads: padding });
  const turned = turnedKernel(emitter, inputs[1]!, inputShapes[1]!);
  const pads = turnedPadding(padding, kernelSize(inputShapes[1]!));
  return emitter.node('ConvTranspose', [inputs[0]!, turned], { pads });
}

/** Only with kernels that change between runs: for fixed ones the runtime lays Conv out better by itself. */
function spreadsOutputs({ emitter, inputs, inputShapes, attributes }: Site<'conv2d'>): boolean {
  const { stride, padding } = attributes;
  const [k, c, kh, kw] = numericShape(inputShapes[1]!, 'A kernel');
  const dense = stride.every(step => step === 1) && kh! * kw! > 1;
  const fits = turnedPadding(padding, [kh!, kw!]).every(cells => cells >= 0);
  return dense && fits && farFewer(k!, c!) && !emitter.isFixed(inputs[1]!);
}
