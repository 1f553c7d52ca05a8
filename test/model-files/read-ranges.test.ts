/** What operations at a network's two ends say of its values, as exporters of several frameworks write them. */
import { describe, expect, test } from 'vitest';
import { inputRangeOf, outputRangeOf } from '../../src/model-files/read-ranges.js';
import { readNetwork } from '../../src/onnx/index.js';
import { foreignModel, node, tensor } from '../support/foreign-onnx.js';

const numbers = { half: 127.5, wide: 255, one: 1, two: 2, zero: 0, most: 150 };
const weights = Object.entries(numbers).map(([name, value]) => tensor(name, [], [value]));

const network = (...nodes: readonly Uint8Array[]) => readNetwork(foreignModel({ nodes, weights }));

describe('of what comes out', () => {
  test.each([
    ['tanh', '-1..1', [node('Tanh', ['image'], ['translated'])]],
    ['sigmoid', '0..1', [node('Sigmoid', ['image'], ['translated'])]],
    ['a clamp', '0..255', [node('Clip', ['image', 'zero', 'wide'], ['translated'])]],
    [
      'tanh, moved and stretched, with another order of axes behind',
      '0..255',
      [
        node('Tanh', ['image'], ['t']),
        node('Mul', ['t', 'half'], ['m']),
        node('Add', ['half', 'm'], ['a']),
        node('Transpose', ['a'], ['translated'], { perm: [0, 2, 3, 1] }),
      ],
    ],
    [
      'tanh, stretched beyond its range',
      '0..255',
      [node('Tanh', ['image'], ['t']), node('Mul', ['t', 'most'], ['m']), node('Add', ['m', 'half'], ['translated'])],
    ],
    [
      'half of tanh and one',
      '0..1',
      [node('Tanh', ['image'], ['t']), node('Add', ['t', 'one'], ['a']), node('Div', ['a', 'two'], ['translated'])],
    ],
    ['nothing that bounds it', undefined, [node('Neg', ['image'], ['translated'])]],
    ['a rectifier', undefined, [node('Relu', ['image'], ['translated'])]],
  ])('%s: %s', (_, range, nodes) => {
    expect(outputRangeOf(network(...nodes))).toBe(range);
  });
});

describe('of what goes in', () => {
  test.each([
    ['a division by 255', '0..255', [node('Div', ['image', 'wide'], ['x'])]],
    ['bytes to -1..1', '0..255', [node('Div', ['image', 'half'], ['d']), node('Sub', ['d', 'one'], ['x'])]],
    ['fractions to -1..1', '0..1', [node('Mul', ['image', 'two'], ['d']), node('Sub', ['d', 'one'], ['x'])]],
    ['arithmetic of no such kind', undefined, [node('Mul', ['image', 'two'], ['x'])]],
    ['nothing', undefined, [node('Relu', ['image'], ['x'])]],
  ])('%s: %s', (_, range, nodes) => {
    expect(inputRangeOf(network(...nodes, node('Relu', ['x'], ['translated'])))).toBe(range);
  });
});
