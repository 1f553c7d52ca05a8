/**
 * From "this pair, to that domain" to a model file: joins what plugins say with what the model store holds. Opens no
 * model; the daemon, which never loads one, uses this too.
 */
import { dirname } from 'node:path';
import { asDomainName, CycleboxError, type DomainName, didYouMean } from '../base/index.js';
import type { ModelFit } from '../plugin-api/index.js';
import { builtInFolder } from '../plugin-host/index.js';
import { defaultModelStore, locateModel, type ModelFile, type ModelPlaces } from './locate-model.js';
import type { DomainPair } from './plugin-catalog.js';

/** One direction of a pair, with its model. */
export interface ResolvedDirection {
  readonly pair: DomainPair;
  readonly from: DomainName;
  readonly to: DomainName;
  readonly model: ModelFile;
  /** What the manifest says of the scale at which the model should be shown images. */
  readonly fit: ModelFit | undefined;
}

/** One direction of a pair as a list shows it: with its model, or with why there is none. */
export type Direction = { readonly from: DomainName; readonly to: DomainName } & (
  | { readonly model: ModelFile; readonly problem?: never }
  | { readonly problem: CycleboxError; readonly model?: never }
);

export interface ResolveOptions {
  /** Default: `models/` of this package. */
  readonly modelStore?: string | undefined;
}

/** @throws CycleboxError DOMAIN_NOT_FOUND, MODEL_MISSING with how to get one, MODEL_HASH_MISMATCH, MODEL_INVALID */
export async function resolveDirection(
  pair: DomainPair,
  to: string,
  { modelStore }: ResolveOptions = {},
): Promise<ResolvedDirection> {
  const from = otherDomain(pair, to);
  const reference = pair.models.get(asDomainName(to));
  if (!reference) throw missing(pair, from, to, 'its manifest names no model for this direction');
  const places = placesOf(pair, modelStore);
  try {
    const model = await locateModel(reference, places);
    return { pair, from, to: asDomainName(to), model, fit: reference.fit };
  } catch (error) {
    if (!(error instanceof CycleboxError)) throw error;
    if (error.code === 'MODEL_MISSING') throw missing(pair, from, to, error.message.replace(/\.$/, ''));
    throw new CycleboxError(error.code, error.message, {
      subject: { ...error.subject, pair: pair.id, plugin: pair.plugin.name },
      cause: error,
    });
  }
}

/** A store of the user's own does not hide the models of the pairs that come with cyclebox. */
function placesOf({ plugin: { folder } }: DomainPair, modelStore: string | undefined): ModelPlaces {
  if (modelStore === undefined) return { pluginFolder: folder };
  const isOurs = dirname(folder) === builtInFolder;
  return { pluginFolder: folder, storeFolder: modelStore, ...(isOurs && { lastFolder: defaultModelStore }) };
}

/** Both directions of a pair, B first, since that is what pairs are mostly made for. */
export async function directionsOf(pair: DomainPair, options: ResolveOptions = {}): Promise<readonly Direction[]> {
  const [a, b] = pair.domains;
  return await Promise.all([directionTo(pair, b, options), directionTo(pair, a, options)]);
}

async function directionTo(pair: DomainPair, to: DomainName, options: ResolveOptions): Promise<Direction> {
  const from = otherDomain(pair, to);
  try {
    return { from, to, model: (await resolveDirection(pair, to, options)).model };
  } catch (error) {
    if (error instanceof CycleboxError) return { from, to, problem: error };
    throw error;
  }
}

function otherDomain({ id, domains }: DomainPair, to: string): DomainName {
  const [a, b] = domains;
  if (to === a) return b;
  if (to === b) return a;
  throw new CycleboxError(
    'DOMAIN_NOT_FOUND',
    `The pair ${id} has no domain "${to}"; its domains are ${a} and ${b}.${didYouMean(to, domains)}`,
    { subject: { pair: id } },
  );
}

function missing(pair: DomainPair, from: string, to: string, why: string): CycleboxError {
  const [a, b] = pair.domains;
  return new CycleboxError(
    'MODEL_MISSING',
    `There is no model for ${from} → ${to} of ${pair.id} yet: ${why}. Put one there, or train it: ` +
      `cyclebox train --pair ${pair.id} --a DIR_OF_${a.toUpperCase()} --b DIR_OF_${b.toUpperCase()} --out DIR`,
    { subject: { pair: pair.id, plugin: pair.plugin.name } },
  );
}
