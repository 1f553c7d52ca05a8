/** The smallest model: hands out what it is given, of any shape. Engines copy between memories with it. */
import { OnnxEmitter } from './emitter.js';

/** The bytes of an ONNX file with one input and one output of these names. */
export function encodeIdentity(input: string, output: string): Uint8Array {
  const emitter = new OnnxEmitter();
  emitter.output(output, emitter.input(input, undefined), undefined);
  return emitter.encode('copy');
}
