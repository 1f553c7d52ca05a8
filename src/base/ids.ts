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
export const newJobId = (): JobId => randomUUID() as JobId;
