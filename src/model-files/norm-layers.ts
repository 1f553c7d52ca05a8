/** Normalisations of a described network as ONNX nodes: with the weights that the file has for them, or without any. */
import type { ValueName } from '../onnx/index.js';
import type { Emission, Value } from './emission.js';

/** PyTorch's default. */
const usualEpsilon = 1e-5;

/** Scale and shift are optional; running statistics, which InstanceNorm layers of 2018 kept, are never used. */
export function instanceNorm(key: string, epsilon = usualEpsilon, x: Value, emission: Emission): ValueName {
  const { emitter, tensors } = emission;
  for (const name of ['running_mean', 'running_var']) tensors.takeIfThere(`${key}.${name}`);
  const [scale, shift] = affineOf(key, x.channels, emission);
  return emitter.node('InstanceNormalization', [x.name, scale, shift], { epsilon });
}

/** In use: by the running statistics. */
export function batchNorm(key: string, epsilon = usualEpsilon, x: Value, emission: Emission): ValueName {
  const { emitter, tensors } = emission;
  const [scale, shift] = affineOf(key, x.channels, emission);
  const statistic = (name: string) =>
    emitter.floats(tensors.perChannel(`${key}.${name}`, x.channels), [x.channels], `${key}.${name}`);
  const inputs = [x.name, scale, shift, statistic('running_mean'), statistic('running_var')];
  return emitter.node('BatchNormalization', inputs, { epsilon });
}

/** As instance normalisation of the groups: each becomes one channel, and its shape comes back afterwards. */
export function groupNorm(
  key: string,
  { groups, epsilon = usualEpsilon }: { readonly groups: number; readonly epsilon?: number | undefined },
  x: Value,
  emission: Emission,
): ValueName {
  const { emitter, tensors } = emission;
  if (x.channels % groups !== 0) throw tensors.mismatch(`${x.channels} channels are not ${groups} equal groups`);
  const [scale, shift] = affineOf(key, x.channels, emission);
  const apart = emitter.node('Reshape', [x.name, emitter.integers([0, groups, -1])]);
  const unit = [emitter.filled(1, [groups]), emitter.filled(0, [groups])];
  const normalised = emitter.node('InstanceNormalization', [apart, ...unit], { epsilon });
  const together = emitter.node('Reshape', [normalised, emitter.node('Shape', [x.name])]);
  const spread = (value: ValueName) => emitter.node('Reshape', [value, emitter.integers([x.channels, 1, 1])]);
  return emitter.node('Add', [emitter.node('Mul', [together, spread(scale)]), spread(shift)]);
}

function affineOf(key: string, channels: number, { emitter, tensors }: Emission): readonly [ValueName, ValueName] {
  const named = (name: string, otherwise: number) =>
    tensors.has(`${key}.${name}`)
      ? emitter.floats(tensors.perChannel(`${key}.${name}`, channels), [channels], `${key}.${name}`)
      : emitter.filled(otherwise, [channels]);
  return [named('weight', 1), named('bias', 0)];
}
