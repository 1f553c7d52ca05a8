import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { tinyOnnx } from './tiny-onnx.js';

test.each(['identity', 'negate', 'matrix', 'blur', 'quarter', 'normalize'] as const)(
  'the tiny network "%s" runs in plain ONNX Runtime and keeps the size',
  async kind => {
    const session = await InferenceSession.create(tinyOnnx({ kind }));
    const data = Float32Array.from({ length: 3 * 8 * 12 }, (_, i) => Math.sin(i));
    const { translated } = await session.run({ image: new Tensor('float32', data, [1, 3, 8, 12]) });
    expect(translated?.dims).toEqual([1, 3, 8, 12]);
    if (kind === 'negate') expect(translated?.data[5]).toBe(-(data[5] ?? 0));
    if (kind === 'matrix') expect(translated?.data[0]).toBe(data[192]);
    await session.release();
  },
);
