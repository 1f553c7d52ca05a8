/**
 * `contributes.configuration`: settings of the plugin, which stand under its name in `settings` of `watch-config.json`. A
 * declaration is checked here, its default included; what users write is checked by `setting-values.ts`.
 */
import { z } from 'zod';
import type { ConfigurationContribution } from '../../plugin-api/index.js';
import type { ContributionPoint } from './contribution-point.js';
import { description, title, words } from './fields.js';

const boolean = z.strictObject({ type: z.literal('boolean'), description, default: z.boolean().exactOptional() });

const number = z.strictObject({
  type: z.enum(['number', 'integer']),
  description,
  default: z.number().exactOptional(),
  minimum: z.number().exactOptional(),
  maximum: z.number().exactOptional(),
});

const string = z.strictObject({
  type: z.literal('string'),
  description,
  default: z.string().exactOptional(),
  enum: z.array(words).min(1, 'must have at least one').exactOptional(),
});

const list = z.strictObject({
  type: z.literal('array'),
  description,
  items: z.strictObject({ type: z.enum(['string', 'number', 'integer']) }),
  default: z.array(z.union([z.string(), z.number()])).exactOptional(),
});

const settingName = /^[a-z][a-zA-Z0-9]*$/;

const reserved = ['constructor', 'prototype'];

const name = z
  .string()
  .regex(settingName, 'must be a name in camel case, such as "winterMonths"')
  .refine(key => !reserved.includes(key), 'is a word that JavaScript needs itself');

export const configuration: ContributionPoint<'configuration'> = {
  name: 'configuration',
  noun: 'configuration',
  description: 'Typed settings of the plugin, which stand under its name in "settings" of watch-config.json.',
  schema: z.strictObject({
    title,
    properties: z
      .record(name, z.discriminatedUnion('type', [boolean, number, string, list]))
      .describe('By the name of the setting, in camel case.'),
  }),
  example: { properties: { strength: { type: 'number', default: 1, minimum: 0, maximum: 1 } } },
  items: (value: ConfigurationContribution) => [value],
  idOf: () => undefined,
  activationEventOf: () => undefined,
};
