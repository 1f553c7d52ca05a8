/**
 * The options of a training as docs/training.md shows them, made of the schemas: `npm run schema` puts it there between two
 * marks, and a test holds it to be the same.
 */
import { optionGroups } from '../../training/index.js';
import { choicesOf, flagOf, othersOf, type Property, propertiesOf } from './schema-options.js';

export const tableMarks = ['<!-- options: made by npm run schema -->', '<!-- end of options -->'] as const;

/** Markdown: a heading and a table for each group. */
export function trainingOptionTables(): string {
  return optionGroups
    .map(({ title, schema }) => {
      const rows = Object.entries(propertiesOf(schema)).map(([name, property]) => rowOf(name, property));
      return `### ${title}\n\n${aligned([['option', 'flag', 'default', 'meaning'], ...rows])}`;
    })
    .join('\n\n');
}

/** A page with the tables as they should be. @throws when it has no marks */
export function withOptionTables(page: string): string {
  const [begin, end] = tableMarks.map(mark => page.indexOf(mark)) as [number, number];
  if (begin < 0 || end < begin) throw new Error(`The page needs the lines ${tableMarks.join(' and ')}.`);
  return `${page.slice(0, begin)}${tableMarks[0]}\n\n${trainingOptionTables()}\n\n${page.slice(end)}`;
}

function rowOf(name: string, property: Property): readonly string[] {
  const { default: standard, type, description = '' } = property;
  const choices = choicesOf(property);
  const flag = flagOf(name, property);
  const others = othersOf(property).map(other => `, or ${other}`);
  const known =
    choices && choices.length > 1
      ? ` One of ${choices.map(choice => `\`${choice}\``).join(', ')}${others.join('')}.`
      : '';
  return [
    `\`${name}\``,
    type === 'boolean' && standard === true ? `\`--no-${flag}\`` : `\`--${flag}\``,
    standard === undefined ? '' : `\`${JSON.stringify(standard)}\``,
    `${description}${known}`,
  ];
}

function aligned([head, ...rows]: readonly (readonly string[])[]): string {
  const all = [head!, ...rows];
  // The last column is as wide as it likes.
  const widths = head!.map((_, column) => Math.max(...all.map(row => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column]!) : cell)).join(' | ')} |`;
  return [
    line(head!),
    line(head!.map((_, column) => '-'.repeat(column === 3 ? 3 : widths[column]!))),
    ...rows.map(line),
  ].join('\n');
}
