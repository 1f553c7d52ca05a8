/**
 * The reference generator as PyTorch's exporter writes it, node for node: biases everywhere, ConvTranspose for upsampling,
 * fixed sizes. What our own export is compared with; `peer.py export` writes the same from PyTorch itself.
 */
import { OnnxEmitter } from '../dist/onnx/emitter.js';

/** @param {{ width: number, blocks: number, size: number }} spec @returns {Uint8Array} an ONNX file */
export function plainGenerator({ width, blocks, size }) {
  const emitter = new OnnxEmitter();
  const pick = random();
  const weights = shape =>
    emitter.floats(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.04 * pick()),
      shape,
    );
  const conv = (x, c, k, kernel, attributes) =>
    emitter.node('Conv', [x, weights([k, c, kernel, kernel]), weights([k])], attributes);
  const up = (x, c, k) =>
    emitter.node('ConvTranspose', [x, weights([c, k, 3, 3]), weights([k])], {
      strides: [2, 2],
      pads: [1, 1, 1, 1],
      output_padding: [1, 1],
    });
  const reflect = (x, cells) =>
    emitter.node('Pad', [x, emitter.integers([0, 0, cells, cells, 0, 0, cells, cells])], { mode: 'reflect' });
  const norm = (x, c) =>
    emitter.node('InstanceNormalization', [x, emitter.filled(1, [c]), emitter.filled(0, [c])], { epsilon: 1e-5 });
  const relu = x => emitter.node('Relu', [x]);
  const valid = { pads: [0, 0, 0, 0] };
  const halving = { strides: [2, 2], pads: [1, 1, 1, 1] };

  let x = relu(norm(conv(reflect(emitter.input('image', [1, 3, size, size]), 3), 3, width, 7, valid), width));
  for (const c of [width, 2 * width]) x = relu(norm(conv(x, c, 2 * c, 3, halving), 2 * c));
  const c = 4 * width;
  for (let block = 0; block < blocks; block++) {
    const half = relu(norm(conv(reflect(x, 1), c, c, 3, valid), c));
    x = emitter.node('Add', [x, norm(conv(reflect(half, 1), c, c, 3, valid), c)]);
  }
  for (const channels of [c, c / 2]) x = relu(norm(up(x, channels, channels / 2), channels / 2));
  const last = emitter.node('Tanh', [conv(reflect(x, 3), width, 3, 7, valid)]);
  emitter.output('translated', last, [1, 3, size, size]);
  return emitter.encode('plain');
}

function random() {
  let seed = 1;
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 31 - 1;
  };
}
