/**
 * What is left of a state_dict when what does not belong to the network is taken off: prefixes of wrappers, and the
 * running statistics that InstanceNorm layers of 2018 kept although they are never used.
 */
import { CycleboxError } from '../base/index.js';

const wrapperPrefix = /^(?:module\.|_orig_mod\.)+/;
const buffer = /\.(?:running_mean|running_var|num_batches_tracked)$/;

/** @throws WEIGHTS_MISMATCH when two keys become one. */
export function cleanStateDict<T>(tensors: Readonly<Record<string, T>>, file?: string): Record<string, T> {
  const clean = new Map<string, T>();
  for (const [key, tensor] of Object.entries(tensors)) {
    if (buffer.test(key)) continue;
    const name = key.replace(wrapperPrefix, '');
    if (clean.has(name)) {
      const message = `${file ?? 'The weights'} cannot be used: two tensors are named ${name} once prefixes are taken off.`;
      throw new CycleboxError('WEIGHTS_MISMATCH', message, { subject: { file } });
    }
    clean.set(name, tensor);
  }
  return Object.fromEntries(clean);
}
