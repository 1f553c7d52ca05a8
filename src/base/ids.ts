/**
 * Names that must not be confused with each other or with plain strings. A brand costs nothing at run time; the
 * functions here are the only places that put one on.
 */
import { randomUUID } from 'node:crypto';

declare const brand: unique symbol;
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A domain pair's id, as in its manifest: `satellite-map`. */
export type PairId = Branded<string, 'PairId'>;
/** One of the two domains of a pair: `satellite`. */
export type DomainName = Branded<string, 'DomainName'>;
/** One image through one translation. */
export type JobId = Branded<string, 'JobId'>;

/** Lower-case words joined by hyphens: safe in file names, URLs and messages on every system. */
export const idPattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

export const asPairId = (value: string): PairId => value as PairId;
export const asDomainName = (value: string): DomainName => value as DomainName;

/** A UUID of version 7: later ones sort behind earlier ones, so that the journal's index of them grows at its end. */
export function newJobId(): JobId {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}` as JobId;
}
