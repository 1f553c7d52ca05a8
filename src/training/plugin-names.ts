/** Names that stand for something of cyclebox or of a plugin, `PLUGIN/ID`: one kind of value in every schema. */
import { z } from 'zod';

/** As npm has names, scope included, then an id. */
const pattern = /^(?:@[a-z0-9._~-]+\/)?[a-z0-9._~-]+\/[a-z0-9]+(?:-[a-z0-9]+)*$/;

export type PluginName = `${string}/${string}`;

export function isPluginName(name: string): name is PluginName {
  return pattern.test(name);
}

/** `PLUGIN/ID`. */
export const pluginName = named('PLUGIN/ID of a plugin, such as colours/colourfulness');

/** One of cyclebox's own names, or that of something that a plugin brings. */
export function ofPlugin<const Name extends string>(names: readonly Name[]) {
  const error = `one of ${names.join(', ')}, or PLUGIN/ID of a plugin`;
  return z.union([z.enum(names), named(error)], { error });
}

function named(error: string): z.ZodType<PluginName, PluginName> {
  return z.string().regex(pattern, { error }) as unknown as z.ZodType<PluginName, PluginName>;
}
