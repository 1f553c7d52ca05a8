/** The environment variables as docs/watch-config.md lists them, made of the schema: `npm run schema` puts them between two marks. */
import { environmentKeys } from '../../daemon/index.js';

const marks = ['<!-- variables: made by npm run schema -->', '<!-- end of variables -->'] as const;

/** A page with the list as it should be. @throws when it has no marks */
export function withEnvironmentTable(page: string): string {
  const [begin, end] = marks.map(mark => page.indexOf(mark)) as [number, number];
  if (begin < 0 || end < begin) throw new Error(`The page needs the lines ${marks.join(' and ')}.`);
  const rows = environmentKeys().map(({ variable, path }) => `| \`${variable}\` | \`${path.join('.')}\` |`);
  const table = ['| variable | key |', '| --- | --- |', ...rows].join('\n');
  return `${page.slice(0, begin)}${marks[0]}\n\n${table}\n\n${page.slice(end)}`;
}
