/** Everything that a run is after a step, to be read off the device and out of memory before the next one: a checkpoint's content. */
import type { WeightTensors } from '../../nets/index.js';
import type { CheckpointState, Snapshot } from './checkpoint.js';
import type { TrainingParts } from './training-parts.js';
import { partOf } from './variables.js';

type Known = Pick<CheckpointState, 'settings' | 'run' | 'place' | 'step' | 'judged'>;

export function takeSnapshot({ state, randomness, data }: TrainingParts, known: Known): Snapshot {
  return {
    state: {
      ...known,
      sampler: data.state,
      poolRandom: randomness.poolRandom.state,
      drawRandom: randomness.drawRandom.state,
    },
    read: async part =>
      part === 'pools'
        ? storedImages(randomness.pools)
        : await state.read(state.names.filter(name => partOf(name) === part)),
  };
}

function storedImages(pools: TrainingParts['randomness']['pools']): WeightTensors {
  const stored = [...pools].flatMap(([name, pool]) =>
    pool.images.map((image, slot) => [
      `${name}/${String(slot).padStart(4, '0')}`,
      { shape: [image.length], data: image },
    ]),
  );
  return Object.fromEntries(stored);
}
