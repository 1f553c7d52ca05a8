import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';

/** The floor of every room in src/: a room imports from lower floors only, and only through `index.js`. */
const floors: Readonly<Record<string, number>> = {
  base: 0,
  process: 1,
  graph: 1,
  image: 1,
  onnx: 2,
  'plugin-api': 2,
  engine: 3,
  nets: 3,
  training: 4,
  catalog: 4,
  translate: 6,
  worker: 7,
  inbox: 7,
  daemon: 8,
  diagnosis: 9,
  cli: 10,
};

const source = join(packageRoot, 'src');
const biome = join(packageRoot, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');

/** Lints files by the house's rules in a place of their own; returns `path:line rule` for every error. */
async function lint(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  for (const name of ['biome.json', 'floors.biome.json']) await cp(join(packageRoot, name), join(folder, name));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const args = [biome, 'lint', '--vcs-enabled=false', '--reporter=github', '--colors=off', '.'];
  const output = await new Promise<string>(resolve => {
    execFile(process.execPath, args, { cwd: folder }, (_, stdout) => resolve(stdout));
  });
  return [...output.matchAll(/::error title=lint\/\w+\/(\w+),file=(.*?),line=(\d+)/g)]
    .map(([, rule, file, line]) => `${file!.slice(file!.indexOf('src/'))}:${line} ${rule}`)
    .sort();
}

function ruleFor(room: string, up: string): unknown {
  const floor = floors[room]!;
  const lower = Object.keys(floors).filter(other => floors[other]! < floor);
  const group = [`${up}/**`, ...lower.map(other => `!${up}/${other}/index.js`)];
  const message = `${room}/ is on floor ${floor}: it imports rooms of lower floors only, and only through their index.js.`;
  const includes = [`src/${room}/${up === '..' ? '' : '*/'}*.ts`];
  const noRestrictedImports = { level: 'error', options: { patterns: [{ group, message }] } };
  return { includes, linter: { rules: { style: { noRestrictedImports } } } };
}

describe('floors', () => {
  test('every room in src has a floor', async () => {
    const entries = await readdir(source, { withFileTypes: true });
    const rooms = entries.filter(entry => entry.isDirectory()).map(entry => entry.name);
    expect(rooms.sort()).toEqual(Object.keys(floors).sort());
  });

  test('floors.biome.json says the same as the table here, for rooms and their subfolders', async () => {
    const { overrides } = JSON.parse(await readFile(join(packageRoot, 'floors.biome.json'), 'utf8'));
    const expected = Object.keys(floors).flatMap(room => [ruleFor(room, '..'), ruleFor(room, '../..')]);
    expect(overrides.slice(0, -1)).toEqual(expected);
  });

  test('no subfolder of a room has subfolders, which the rules would not reach', async () => {
    const folders = await readdir(source, { recursive: true, withFileTypes: true });
    const depths = folders.filter(entry => entry.isDirectory()).map(entry => join(entry.parentPath, entry.name));
    expect(depths.filter(folder => folder.slice(source.length).split(/[\\/]/).length > 3)).toEqual([]);
  });

  test('an import of a higher or equal floor is an error, of types too, also dynamic and re-exported', async () => {
    const errors = await lint({
      'src/base/up.ts': [
        "import type { A } from '../graph/index.js';",
        "export { B } from '../cli/index.js';",
        "export const c = await import('../daemon/index.js');",
        'export type D = A;',
      ].join('\n'),
      'src/engine/onnx/sideways.ts': "import type { A } from '../../nets/index.js';\nexport type D = A;",
      'src/engine/onnx/fine.ts':
        "import type { A } from '../../graph/index.js';\nimport type { B } from '../contract.js';\nexport type D = A | B;",
    });
    const rule = 'noRestrictedImports';
    expect(errors).toEqual([
      ...[1, 2, 3].map(line => `src/base/up.ts:${line} ${rule}`),
      `src/engine/onnx/sideways.ts:1 ${rule}`,
    ]);
  });

  test('reaching behind the face of a lower room is an error', async () => {
    const errors = await lint({
      'src/daemon/behind.ts': "import type { A } from '../inbox/journal.js';\nexport type B = A;",
      'src/index.ts': "export * from './base/errors.js';",
    });
    expect(errors).toEqual(['src/daemon/behind.ts:1 noRestrictedImports', 'src/index.ts:1 noRestrictedImports']);
  });

  test('a cycle of imports is an error, of types too', async () => {
    const errors = await lint({
      'src/base/a.ts': "import type { B } from './b.js';\nexport type A = B | 1;",
      'src/base/b.ts': "import type { A } from './a.js';\nexport type B = A | 2;",
    });
    expect(errors).toEqual(['src/base/a.ts:1 noImportCycles', 'src/base/b.ts:1 noImportCycles']);
  });

  test('no type is imported in the form import("…").T, which the rules do not see', async () => {
    const files = (await readdir(source, { recursive: true })).filter(name => name.endsWith('.ts'));
    const texts = await Promise.all(
      files.map(async name => [name, await readFile(join(source, name), 'utf8')] as const),
    );
    expect(texts.filter(([, text]) => /(?<!await )\bimport\('\.[^']*'\)\./.test(text)).map(([name]) => name)).toEqual(
      [],
    );
  });
});
