/** Options that somebody wrote, checked by their schema: every fault is told by the option's name, its value and what is allowed. */
import type { z } from 'zod';
import { CycleboxError, didYouMean } from '../base/index.js';

/** Complete, with defaults. What was given as undefined was not given. @throws USAGE */
export function parseOptions<Schema extends z.ZodObject>(schema: Schema, options: object): z.output<Schema> {
  const given: Record<string, unknown> = givenOf({ ...options });
  const { data, error } = schema.safeParse(given);
  if (data) return data;
  const issue = error!.issues[0]!;
  if (issue.code === 'unrecognized_keys') throw unknownOption(issue.keys[0]!, Object.keys(schema.shape));
  const name = String(issue.path[0]);
  throw optionFault(name, given[name] ?? 'missing', issue.message);
}

export function givenOf<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

export function optionFault(name: string, value: unknown, allowed: string): CycleboxError {
  return new CycleboxError('USAGE', `Training option ${name} is ${String(value)}; allowed: ${allowed}.`);
}

function unknownOption(name: string, known: readonly string[]): CycleboxError {
  return new CycleboxError('USAGE', `There is no training option "${name}".${didYouMean(name, known)}`);
}
