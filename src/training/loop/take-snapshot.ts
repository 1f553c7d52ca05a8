/** Everything that a run is after a step, read off the device and out of memory: a checkpoint's content. */
import type { Checkpoint, CheckpointState } from './checkpoint.js';
import type { TrainingParts } from './training-parts.js';
import { partOf, type VariablePart } from './variables.js';

type Known = Pick<CheckpointState, 'settings' | 'run' | 'place' | 'step' | 'judged'>;

export async function takeSnapshot({ state, randomness, data }: TrainingParts, known: Known): Promise<Checkpoint> {
  const variables = (part: VariablePart) => state.read(state.names.filter(name => partOf(name) === part));
  const stored = [...randomness.pools].flatMap(([name, pool]) =>
    pool.images.map((image, slot) => [
      `${name}/${String(slot).padStart(4, '0')}`,
      { shape: [image.length], data: image },
    ]),
  );
  return {
    state: {
      ...known,
      sampler: data.state,
      poolRandom: randomness.poolRandom.state,
      drawRandom: randomness.drawRandom.state,
    },
    weights: await variables('weights'),
    moments: await variables('moments'),
    averages: await variables('averages'),
    pools: Object.fromEntries(stored),
  };
}
