/** Pictures that go through a network in one piece: what becomes of values that no byte is, of edges, and of what is no number. */
import { expect, test } from 'vitest';
import type { TensorData } from '../../src/engine/index.js';
import { toByteScale, toSample } from '../../src/image/index.js';
import type { Network } from '../../src/translate/translate-picture.js';
import { runWhole, showWhole } from '../../src/translate/whole-picture.js';

const rule = { multiple: 4, minimum: 4 };

/** A network whose results are `values`, whatever it is shown. */
function answering(values: (length: number) => Float32Array): Network {
  const run = async ({ x }: Record<string, TensorData>) => ({ y: { shape: x!.shape, data: values(x!.data.length) } });
  const program = { inputs: ['x'], outputs: ['y'], metadata: {}, run, dispose: async () => {} };
  const network = { program, rule, fixed: {}, scale: 1, bytesPerPixel: 1, name: 'made-up', batches: false };
  return { ...network, trainedSize: undefined, fixed: { batch: undefined, height: undefined, width: undefined } };
}

async function through<S extends Uint8Array | Uint16Array>(network: Network, rgb: S, width: number): Promise<S> {
  const picture = { width, height: rgb.length / 3 / width, rgb, format: 'png' as const };
  const finish = await runWhole(network, { picture, shown: showWhole(network, picture) }, undefined);
  return (await finish()).rgb as S;
}

const edges = [-1, 1, -1.5, 1.5, 0, -0, 1 / 255, -1 / 255, 5e-324, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** Beside them every byte, what lies half between two, and the nearest numbers to that. */
const values = Float32Array.from([
  ...edges,
  ...Array.from({ length: 511 }, (_, i) => i / 255 - 1).flatMap(value => [value, value - 6e-8, value + 6e-8]),
]);

test.each([
  ['bytes', new Uint8Array(16 * 40 * 3)],
  ['16 bits', new Uint16Array(16 * 40 * 3)],
])('results become the nearest %s', async (_, rgb) => {
  const white = rgb instanceof Uint8Array ? 255 : 65_535;
  const network = answering(length => Float32Array.from({ length }, (_, i) => values[i % values.length]!));
  const plane = 16 * 40;
  const expected = Array.from(rgb, (_, i) => {
    const value = values[((i % 3) * plane + Math.floor(i / 3)) % values.length]!;
    return toSample(Math.fround(toByteScale(value)), white);
  });
  expect(Array.from(await through(network, rgb, 16))).toEqual(expected);
});

test('every value comes back through a network that changes nothing, and what was continued beyond the edges does not', async () => {
  const identity: Network = {
    ...answering(length => new Float32Array(length)),
    program: {
      inputs: ['x'],
      outputs: ['y'],
      metadata: {},
      run: async ({ x }) => ({ y: x! }),
      dispose: async () => {},
    },
  };
  const rgb = Uint8Array.from({ length: 13 * 22 * 3 }, (_, i) => (i * 7) % 256);
  expect(await through(identity, rgb, 13)).toEqual(rgb);
});

test.each([0, 1, 2])('a result in colour %i that is no number is an error', async colour => {
  const network = answering(length => {
    const data = new Float32Array(length);
    data[(colour * length) / 3 + 5] = Number.NaN;
    return data;
  });
  await expect(through(network, new Uint8Array(8 * 8 * 3), 8)).rejects.toThrow('made-up produced NaN');
});
