/**
 * What is left of a state_dict when what does not belong to the network is taken off: prefixes of wrappers, counters, and the
 * running statistics that InstanceNorm layers of 2018 kept although they are never used. Those of BatchNorm stay: its layers
 * have weights beside them.
 */
import { CycleboxError } from '../base/index.js';

const wrapperPrefix = /^(?:module\.|_orig_mod\.)+/;
const counter = /\.num_batches_tracked$/;
const statistic = /\.running_(?:mean|var)$/;

/** @throws WEIGHTS_MISMATCH when two keys become one. */
export function cleanStateDict<T>(tensors: Readonly<Record<string, T>>, file?: string): Record<string, T> {
  const clean = new Map<string, T>();
  for (const [key, tensor] of Object.entries(tensors)) {
    if (counter.test(key) || isUnusedStatistic(key, tensors)) continue;
    const name = key.replace(wrapperPrefix, '');
    if (clean.has(name)) {
      const message = `${file ?? 'The weights'} cannot be used: two tensors are named ${name} once prefixes are taken off.`;
      throw new CycleboxError('WEIGHTS_MISMATCH', message, { subject: { file } });
    }
    clean.set(name, tensor);
  }
  return Object.fromEntries(clean);
}

function isUnusedStatistic(key: string, tensors: Readonly<Record<string, unknown>>): boolean {
  return statistic.test(key) && !Object.hasOwn(tensors, key.replace(statistic, '.weight'));
}
