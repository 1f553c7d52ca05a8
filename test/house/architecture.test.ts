/** docs/architecture.md is the map: its rooms are those of the floors' table, and its walks lead over files and names that are there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { rooms } from '../../tools/floors.mjs';

const page = await readFile(join(packageRoot, 'docs/architecture.md'), 'utf8');

interface Station {
  readonly file: string;
  readonly name: string;
}

/** The stations of `## The way of …`, in order. */
function walk(title: string): readonly Station[] {
  const [section = ''] = page.split(`## The way of ${title}\n`)[1]!.split('\n## ');
  return [...section.matchAll(/^\| \d+ \| `(src\/[^`]+)` \| `([^`]+)` \|/gm)].map(([, file, name]) => ({
    file: file!,
    name: name!,
  }));
}

test('the table has every room, on its floor, and names the rooms inside it', () => {
  const [section = ''] = page.split('## Rooms\n')[1]!.split('\n## ');
  const rows = [...section.matchAll(/^\| (\d+) \| `([^`]+)\/` \| (.*)$/gm)];
  expect(rows.map(([, floor, room]) => [room, Number(floor)]).sort()).toEqual(
    Object.entries(rooms)
      .map(([room, { floor }]) => [room, floor])
      .sort(),
  );
  for (const [, , room, rest] of rows)
    for (const inner of Object.keys(rooms[room!]!.rooms ?? {})) expect(rest, room).toContain(`\`${inner}/\``);
});

describe.each([
  ['an image', 8, 18],
  ['an option', 3, 8],
  ['a weight', 6, 12],
])('the way of %s', (title, least, most) => {
  const stations = walk(title);

  test('is short, and passes nothing twice', () => {
    expect(stations.length).toBeGreaterThanOrEqual(least);
    expect(stations.length).toBeLessThanOrEqual(most);
    expect(new Set(stations.map(({ file, name }) => `${file} ${name}`)).size).toBe(stations.length);
  });

  test.each(stations)('leads over $name in $file', async ({ file, name }) => {
    const text = await readFile(join(packageRoot, file), 'utf8');
    expect(text).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
