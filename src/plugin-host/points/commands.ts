/**
 * `contributes.commands`: something that people start, from the command line (`cyclebox plugins run`) or the dashboard. Title and
 * name stand in the manifest, so that they can be listed without running anything.
 */
import { z } from 'zod';
import { listPoint } from './contribution-point.js';
import { description, words } from './fields.js';

const command = z.strictObject({
  command: z
    .string()
    .regex(
      /^[a-zA-Z0-9]+(?:[.-][a-zA-Z0-9]+)*$/,
      'must be words joined by dots or hyphens, such as "season-router.explain"',
    )
    .describe('Unique among all plugins: words joined by dots or hyphens, such as "season-router.explain".'),
  title: words.describe('What it does, for people.'),
  description,
});

export const commands = listPoint<'commands'>({
  name: 'commands',
  noun: 'command',
  description: 'Something that people start, from the command line or the dashboard.',
  schema: z.array(command),
  example: [{ command: 'season-router.explain', title: 'Say where a photo would go' }],
  idOf: each => each.command,
  activationEventOf: each => `onCommand:${each.command}`,
});
