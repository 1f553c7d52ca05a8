import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { floorsFile, pages, rooms } from '../../tools/floors.mjs';
import { temporaryFolder } from '../support/pictures.js';

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

/** Folders with files in src/, `inbox` and `inbox/watch`, relative and with `/`. */
async function foldersOfSource(): Promise<readonly string[]> {
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const folders = entries.filter(entry => entry.isFile()).map(({ parentPath }) => relative(source, parentPath));
  return [...new Set(folders)]
    .filter(folder => folder !== '')
    .map(folder => folder.replaceAll(sep, '/'))
    .filter(folder => !folder.startsWith(`${pages}/`))
    .sort();
}

describe('floors', () => {
  test('every folder in src is in the table of floors, and nothing else is', async () => {
    const inTheTable = Object.entries(rooms).flatMap(([room, { rooms: inside = {} }]) => [
      room,
      ...Object.keys(inside).map(inner => `${room}/${inner}`),
    ]);
    expect(inTheTable.sort()).toEqual(await foldersOfSource());
  });

  test('every folder in src has a face, but those of the command line and the pages, which nothing imports', async () => {
    const folders = (await foldersOfSource()).filter(folder => folder !== 'cli' && folder !== pages);
    expect(folders.filter(folder => !existsSync(join(source, folder, 'index.ts')))).toEqual([]);
  });

  test('the table names files that are there', () => {
    const named = Object.entries(rooms).flatMap(([room, { beneath = [] }]) =>
      beneath.map(file => `${room}/${file}.ts`),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(file => !file.includes('*') && !existsSync(join(source, file)))).toEqual([]);
  });

  test('floors.biome.json is what `npm run floors` writes', async () => {
    expect(await readFile(join(packageRoot, 'floors.biome.json'), 'utf8')).toBe(floorsFile());
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

  test('rooms inside a room import each other downwards only, and only through their faces', async () => {
    const errors = await lint({
      'src/inbox/journal/up.ts': "import type { A } from '../publish/index.js';\nexport type B = A;",
      'src/inbox/journal/out.ts': "import type { A } from '../inbox-options.js';\nexport type B = A;",
      'src/inbox/jobs/behind.ts': "import type { A } from '../journal/journal.js';\nexport type B = A;",
      'src/inbox/jobs/outside.ts': "import type { A } from '../../daemon/index.js';\nexport type B = A;",
      'src/inbox/jobs/fine.ts': [
        "import type { A } from '../../base/index.js';",
        "import type { B } from '../journal/index.js';",
        "import type { C } from '../publish/index.js';",
        "import type { D } from './behind.js';",
        'export type E = A | B | C | D;',
      ].join('\n'),
      'src/inbox/above.ts': "export { A } from './journal/index.js';\nexport { B } from './journal/journal.js';",
    });
    expect(errors).toEqual([
      'src/inbox/above.ts:2 noRestrictedImports',
      ...['behind', 'outside'].map(name => `src/inbox/jobs/${name}.ts:1 noRestrictedImports`),
      ...['out', 'up'].map(name => `src/inbox/journal/${name}.ts:1 noRestrictedImports`),
    ]);
  });

  test('what watches the inbox and what does the jobs do not know each other', async () => {
    const errors = await lint({
      'src/inbox/watch/doing.ts': "export { A } from '../jobs/index.js';\nexport { B } from '../publish/index.js';",
      'src/inbox/watch/noting.ts': "export { A } from '../journal/index.js';",
      'src/inbox/jobs/seeing.ts': "export { A } from '../watch/index.js';",
      'src/inbox/publish/seeing.ts': "export { A } from '../watch/index.js';",
    });
    expect(errors).toEqual(
      ['jobs/seeing.ts:1', 'publish/seeing.ts:1', 'watch/doing.ts:1', 'watch/doing.ts:2', 'watch/noting.ts:1'].map(
        place => `src/inbox/${place} noRestrictedImports`,
      ),
    );
  });

  test('rooms inside a room stand on those of its own files that the table names, and on no others', async () => {
    const errors = await lint({
      'src/training/loop/fine.ts': "export { A } from '../settings.js';",
      'src/training/loop/up.ts': "export { A } from '../generator-model.js';",
    });
    expect(errors).toEqual(['src/training/loop/up.ts:1 noRestrictedImports']);
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
