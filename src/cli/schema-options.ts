/**
 * Command line options made of a schema: one for each of its properties, with the same description, default and choices,
 * so that what may be set is written down once. Values are only read here; what is allowed is checked by the schema.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';

/** What of a property's JSON Schema decides how it is written on a command line. */
interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly items?: { readonly type?: string };
  /** The option's name, where it is not the property's in kebab case. */
  readonly flag?: string;
}

/** Adds an option for every property of `schema` but `except`. */
export function addSchemaOptions(command: Command, schema: z.ZodObject, except: readonly string[] = []): void {
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    if (!except.includes(name)) command.addOption(optionOf(name, property));
  }
}

/** The options that were given, by the properties' names. `source` tells a given value from a default. */
export function readSchemaOptions(command: Command, schema: z.ZodObject): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    const attribute = camelCase(flagOf(name, property));
    if (command.getOptionValueSource(attribute) === 'cli') values[name] = command.getOptionValue(attribute);
  }
  return values;
}

export function propertiesOf(schema: z.ZodObject): Readonly<Record<string, Property>> {
  return z.toJSONSchema(schema, { io: 'input' }).properties as Readonly<Record<string, Property>>;
}

function optionOf(name: string, property: Property): Option {
  const flag = flagOf(name, property);
  const help = helpOf(property);
  if (property.type === 'boolean') return new Option(property.default === true ? `--no-${flag}` : `--${flag}`, help);
  const option = new Option(`--${flag} <${placeholderOf(property)}>`, help);
  return option.argParser((text: string) => parsedValue(property, text));
}

function helpOf({ description = '', default: standard, enum: choices, type }: Property): string {
  const sentence = description.replace(/\.$/, '');
  const known = choices ? ` (${choices.join(', ')})` : '';
  return `${sentence}${known}${standard === undefined || type === 'boolean' ? '' : `; default ${String(standard)}`}`;
}

function placeholderOf({ type, enum: choices }: Property): string {
  if (choices) return 'kind';
  return type === 'integer' || type === 'number' ? 'number' : type === 'array' ? 'list' : 'text';
}

function parsedValue({ type, items }: Property, text: string): unknown {
  if (type === 'array') return text.split(',').map(each => parsedValue({ ...items }, each.trim()));
  if (type !== 'integer' && type !== 'number') return text;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

function flagOf(name: string, { flag }: Property): string {
  return flag ?? name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}

function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
