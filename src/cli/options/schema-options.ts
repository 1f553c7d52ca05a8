/**
 * Command line options made of a schema: one for each of its properties, with the same description, default and choices,
 * so that what may be set is written down once. Values are only read here; what is allowed is checked by the schema.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';

/** What of a property's JSON Schema decides how it is written on a command line. */
export interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly items?: { readonly type?: string };
  /** Of one kind or another: names of cyclebox, or of something that a plugin brings. */
  readonly anyOf?: readonly Property[];
  /** The option's name, where it is not the property's in kebab case. */
  readonly flag?: string;
  /** One letter that stands for it. */
  readonly short?: string;
  /** Whether it is a path. */
  readonly path?: boolean;
}

/** Adds an option for every property of `schema`. @param heading in the help, without its colon */
export function addSchemaOptions(command: Command, schema: z.ZodObject, heading: string): void {
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    for (const option of optionsOf(name, property)) command.addOption(option.helpGroup(`${heading}:`));
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

/** A switch has two: the one that changes what is usual, and another, not shown, to take back what a file says. */
function optionsOf(name: string, property: Property): Option[] {
  const flag = flagOf(name, property);
  const help = helpOf(property);
  if (property.type === 'boolean') {
    const [shown, hidden] = property.default === true ? [`--no-${flag}`, `--${flag}`] : [`--${flag}`, `--no-${flag}`];
    return [new Option(shown, help), new Option(hidden).hideHelp()];
  }
  const letter = property.short === undefined ? '' : `-${property.short}, `;
  const option = new Option(`${letter}--${flag} <${placeholderOf(property)}>`, help);
  return [option.argParser((text: string) => parsedValue(property, text))];
}

/** `Adversarial loss (lsgan, vanilla; default: lsgan)` */
function helpOf(property: Property): string {
  const { description = '', default: standard, type } = property;
  const choices = choicesOf(property);
  const sentence = description.replace(/\.$/, '');
  if (type === 'boolean') return standard === true ? `Switch off: ${lowerCaseFirst(sentence)}` : sentence;
  const facts = [
    ...(choices ? [[...choices, ...othersOf(property)].join(', ')] : []),
    ...(standard === undefined || isEmpty(standard) ? [] : [`default: ${String(standard)}`]),
  ];
  return facts.length === 0 ? sentence : `${sentence} (${facts.join('; ')})`;
}

/** The names that cyclebox has for it. */
export function choicesOf({ enum: own, anyOf = [] }: Property): readonly string[] | undefined {
  if (own) return own;
  const names = anyOf.flatMap(each => each.enum ?? []);
  return names.length > 0 ? names : undefined;
}

/** How what plugins bring is named, where it may be. */
export function othersOf({ anyOf = [] }: Property): readonly string[] {
  return anyOf.some(each => each.enum === undefined) ? ['PLUGIN/ID of a plugin'] : [];
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function lowerCaseFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function placeholderOf(property: Property): string {
  const { type, path } = property;
  if (choicesOf(property)) return 'kind';
  if (path) return 'folder';
  return type === 'integer' || type === 'number' ? 'number' : type === 'array' ? 'list' : 'text';
}

function parsedValue({ type, items }: Property, text: string): unknown {
  if (type === 'array') return text.split(',').map(each => parsedValue({ ...items }, each.trim()));
  if (type !== 'integer' && type !== 'number') return text;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** Without its hyphens. */
export function flagOf(name: string, { flag }: Property): string {
  return flag ?? name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}

function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
