/**
 * What a contribution point is: one key of `contributes`, with the schema of what may stand there, what it is for, how its
 * contributions are told apart, and what asking for one of them activates. Knows no plugin and no host; `points.ts` lists them.
 */
import type { z } from 'zod';
import type { ContributionPointName, Contributions } from '../../plugin-api/index.js';

/** What stands under `contributes.NAME`. */
export type ContributionValue<Name extends ContributionPointName> = NonNullable<Contributions[Name]>;

/** One of them: an element of a list, or the value itself. */
export type ContributionOf<Name extends ContributionPointName> =
  ContributionValue<Name> extends readonly (infer Item)[] ? Item : ContributionValue<Name>;

export interface ContributionPoint<Name extends ContributionPointName = ContributionPointName> {
  readonly name: Name;
  /** One of them, for messages: "postprocessor". */
  readonly noun: string;
  /** For editors and docs: what it is for. */
  readonly description: string;
  readonly schema: z.ZodType<ContributionValue<Name>>;
  /** For docs; a test holds it to the schema. */
  readonly example: ContributionValue<Name>;
  items(value: ContributionValue<Name>): readonly ContributionOf<Name>[];
  /** Among the contributions of all plugins it may stand once; undefined where the plugin's name tells them apart. */
  idOf(item: ContributionOf<Name>): string | undefined;
  /** The event whose firing needs the plugin's code; undefined for what needs none. */
  activationEventOf(item: ContributionOf<Name>): string | undefined;
}

/** A point whose value is a list of things with an id. */
export function listPoint<Name extends Exclude<ContributionPointName, 'configuration'>>(
  point: Omit<ContributionPoint<Name>, 'items'>,
): ContributionPoint<Name> {
  return { ...point, items: value => value as unknown as readonly ContributionOf<Name>[] };
}
