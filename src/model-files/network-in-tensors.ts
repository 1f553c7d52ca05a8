/**
 * Which network a weight file's tensors are: one of our own kinds, one of a family that is known here, or the one that a
 * description says. A file may hold several networks; then one is named, or there is only one generator. Nothing is built here.
 */
import { CycleboxError } from '../base/index.js';
import {
  cleanStateDict,
  describeNetwork,
  detectNetwork,
  type GeneratorSpec,
  type NetworkSpec,
  type WeightTensors,
} from '../nets/index.js';
import type { DescribedNetwork } from './described-network.js';
import { describeFamily } from './known-families.js';
import { listTensors } from './named-tensors.js';

export type KnownNetwork = {
  /** The state_dict of this network alone, without prefixes of wrappers. */
  readonly tensors: WeightTensors;
  /** Of the several networks of its file. */
  readonly name?: string | undefined;
} & (
  | { readonly kind: 'generator'; readonly spec: GeneratorSpec }
  | { readonly kind: 'described'; readonly network: DescribedNetwork }
);

export interface NetworkChoice {
  /** Of several networks in the file: `G_A`. */
  readonly name?: string | undefined;
  readonly description?: DescribedNetwork | undefined;
  /** What the file itself says it is. */
  readonly spec?: NetworkSpec | undefined;
}

/** @throws CycleboxError WEIGHTS_MISMATCH: no network known, several of them, or a discriminator */
export function networkIn(stored: WeightTensors, choice: NetworkChoice, file: string): KnownNetwork {
  const all = cleanStateDict(stored, file);
  const groups = groupsOf(all);
  const { name, description, spec } = choice;
  const tensors = name === undefined ? all : groups.get(name);
  if (!tensors)
    throw mismatch(file, `it holds no network "${name}", but ${[...groups.keys()].join(', ') || 'one without a name'}`);
  if (description) return { kind: 'described', network: description, tensors, name };
  if (spec) return { kind: 'generator', spec: requireGenerator(spec, file), tensors, name };
  const whole = recognise(tensors, file);
  if (whole.network) return { ...whole.network, name };
  const inside = name === undefined ? generatorsIn(groups, file) : [];
  const [only] = inside;
  if (only && inside.length === 1) return only;
  if (inside.length === 0) throw unknown(file, whole.reason, tensors);
  throw mismatch(
    file,
    `it holds the generators ${inside.map(({ name: each }) => each).join(' and ')}. Name one with --network, such as --network ${only!.name}`,
  );
}

/** By what their keys begin with: `G_A.1.weight` is of `G_A`. */
function groupsOf(tensors: WeightTensors): ReadonlyMap<string, WeightTensors> {
  const groups = new Map<string, Record<string, WeightTensors[string]>>();
  for (const [key, tensor] of Object.entries(tensors)) {
    const [, first, rest] = /^([^.]*[^.\d][^.]*)\.(.+)$/.exec(key) ?? [];
    if (first === undefined || rest === undefined) continue;
    const group = groups.get(first) ?? {};
    groups.set(first, group);
    group[rest] = tensor;
  }
  return groups;
}

function generatorsIn(groups: ReadonlyMap<string, WeightTensors>, file: string): readonly KnownNetwork[] {
  return [...groups].flatMap(([name, tensors]) => {
    const { network } = recognise(tensors, file);
    return network ? [{ ...network, name }] : [];
  });
}

interface Recognised {
  readonly network?: KnownNetwork;
  /** Why it is none. */
  readonly reason: string;
}

function recognise(found: WeightTensors, file: string): Recognised {
  const tensors = withPrefix(cleanStateDict(found, file));
  const network = ourOwn(tensors, file);
  if (network.network) return network;
  const family = describeFamily(tensors);
  return family ? { network: { kind: 'described', network: family, tensors }, reason: '' } : network;
}

/** nn.Sequential alone, as UPIT saves it, has the reference's places without the name of its list. */
function withPrefix(tensors: WeightTensors): WeightTensors {
  const entries = Object.entries(tensors);
  if (!entries.every(([key]) => /^\d+\./.test(key))) return tensors;
  return Object.fromEntries(entries.map(([key, tensor]) => [`model.${key}`, tensor]));
}

function ourOwn(tensors: WeightTensors, file: string): Recognised {
  try {
    const spec = detectNetwork(tensors, file);
    if (isGenerator(spec)) return { network: { kind: 'generator', spec, tensors }, reason: '' };
    return { reason: `it is a ${describeNetwork(spec)}, which judges images and makes none` };
  } catch (error) {
    if (!(error instanceof CycleboxError)) throw error;
    return { reason: error.message.replace(`${file} cannot be used: `, '').replace(/\.$/, '') };
  }
}

function requireGenerator(spec: NetworkSpec, file: string): GeneratorSpec {
  if (isGenerator(spec)) return spec;
  throw mismatch(file, `it is a ${describeNetwork(spec)}, which judges images and makes none`);
}

function isGenerator(spec: NetworkSpec): spec is GeneratorSpec {
  return spec.kind === 'resnet' || spec.kind === 'unet';
}

function unknown(file: string, reason: string, tensors: WeightTensors): CycleboxError {
  return mismatch(
    file,
    `${reason}.\nIt holds ${listTensors(tensors)}\nIf you know the network, describe its layers in a JSON file ` +
      '(docs/models.md shows how) and give that with --architecture FILE',
  );
}

function mismatch(file: string, why: string): CycleboxError {
  return new CycleboxError('WEIGHTS_MISMATCH', `${file} cannot be used: ${why}.`, { subject: { file } });
}
