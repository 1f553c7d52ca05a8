/**
 * Whether a device is real, by running it beside the CPU: for systems that do not say. A software
 * renderer is slower by one or two orders of magnitude, so that a short run decides; which of two real ones is the faster
 * is not asked, since a run that is short enough measures how a device is talked to.
 */
import { add, conv2d, type Graph, GraphBuilder, type Tensor } from '../../graph/index.js';
import type { Engine, TensorData } from '../contract.js';
import { openDevice } from '../open-device.js';

const [channels, size, layers, rounds] = [64, 32, 3, 3];

/** A real device that is as slow as this is not worth taking either. */
const maxSlowdown = 4;

/** False where it is several times as slow as the CPU, which takes some seconds to find out. */
export async function keepsUpWithCpu(engine: Engine): Promise<boolean> {
  const cpu = await openDevice('cpu');
  try {
    return (await bestMs(engine)) < maxSlowdown * (await bestMs(cpu));
  } finally {
    await cpu.dispose();
  }
}

/** Of a chain of convolutions, after one run that does not count. */
async function bestMs(engine: Engine): Promise<number> {
  const program = await engine.compile(convolutions());
  try {
    await program.run({ image });
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const startMs = performance.now();
      await program.run({ image });
      times.push(performance.now() - startMs);
    }
    return Math.min(...times);
  } finally {
    await program.dispose();
  }
}

/** Few values in and out and much work between, as in a generator. */
function convolutions(): Graph {
  const builder = new GraphBuilder();
  const kernel = builder.constant(new Float32Array(channels * channels * 9).fill(1e-3), [channels, channels, 3, 3]);
  const first = builder.constant(new Float32Array(channels * 3).fill(0.1), [channels, 3, 1, 1]);
  const last = builder.constant(new Float32Array(3 * channels).fill(0.1), [3, channels, 1, 1]);
  let x: Tensor = conv2d(builder.input('image', image.shape), first);
  for (let layer = 0; layer < layers; layer++) x = add(x, conv2d(x, kernel, { padding: 1 }));
  builder.output('result', conv2d(x, last));
  return builder.build();
}

const image: TensorData = { shape: [1, 3, size, size], data: new Float32Array(3 * size * size).fill(0.5) };
