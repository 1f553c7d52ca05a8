/** What the build does to imports through faces of rooms: small files, and whether they still mean the same when Node runs them. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importPastFaces, pastFaces } from '../../tools/past-faces.mjs';
import { temporaryFolder } from '../support/pictures.js';

const room = {
  '/low/index.js': "export { one, two as second } from './numbers.js';\nexport * from './words.js';\nexport {};",
  '/low/numbers.js': 'export const one = 1, two = 2;',
  '/low/words.js': "export function word() {}\nexport class Word {}\nexport { deep } from './deep/index.js';",
  '/low/deep/index.js': "export * from './deep.js';",
  '/low/deep/deep.js': 'export const deep = 3;',
  '/busy/index.js': "import './switch-off.js';\nexport { busy } from './busy.js';",
  '/busy/switch-off.js': '',
  '/busy/busy.js': 'export const busy = true;',
};

function compiled(text: string): string | undefined {
  return pastFaces(new Map(Object.entries({ ...room, '/high/file.js': text }))).get('/high/file.js');
}

describe('an import through a face', () => {
  it.each([
    ["import { one } from '../low/index.js';", "import { one } from '../low/numbers.js';"],
    ["import { second } from '../low/index.js';", "import { two as second } from '../low/numbers.js';"],
    ["import { second as b, one } from '../low/index.js';", "import { two as b, one } from '../low/numbers.js';"],
    ["export { word as say } from '../low/index.js';", "export { word as say } from '../low/words.js';"],
    [
      "import { one, Word } from '../low/index.js';",
      "import { one } from '../low/numbers.js'; import { Word } from '../low/words.js';",
    ],
    [
      "const { one } = await import('../low/index.js'); one();",
      "const { one } = await import('../low/numbers.js'); one();",
    ],
  ])('%s becomes one of the file that has it', (before, expected) => expect(compiled(before)).toBe(expected));

  it('goes through several faces, to where the name is handed on by a file that is none', () => {
    expect(compiled("import { deep } from '../low/index.js';")).toBe("import { deep } from '../low/words.js';");
    const words = pastFaces(new Map(Object.entries(room))).get('/low/words.js');
    expect(words).toContain("export { deep } from './deep/deep.js';");
  });

  it('leaves the numbers of lines as they are', () => {
    const before = "import {\n  one,\n  word,\n} from '../low/index.js';\nthrow one;";
    expect(compiled(before)?.split('\n').indexOf('throw one;')).toBe(4);
  });

  it.each([
    ["import { busy } from '../busy/index.js';", 'of a face that does something'],
    ["import * as low from '../low/index.js';", 'of everything'],
    ["import '../low/index.js';", 'of nothing'],
    ["import { absent } from '../low/index.js';", 'of a name that is not there'],
    ["import { other } from '../elsewhere/index.js';", 'of a file that is not ours'],
    ["const { one, word } = await import('../low/index.js');", 'of names of two files, when it runs'],
    ["const text = `import { one } from '../low/index.js';`;", 'in a text'],
  ])('%s stays as it is: %s', before => expect(compiled(before)).toBe(before));
});

it('in a folder, a program says the same and no longer loads what it does not use', async () => {
  const folder = await temporaryFolder();
  const files = {
    ...room,
    '/package.json': '{ "type": "module" }',
    '/low/words.js': "console.log('loaded');",
    '/main.js': "import { second } from './low/index.js';\nconsole.log(second);",
    '/pages/page.js': "import { second } from '../low/index.js';",
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const run = () => execFileSync(process.execPath, [join(folder, 'main.js')], { encoding: 'utf8' });
  expect(run()).toBe('loaded\n2\n');
  importPastFaces(folder, name => !name.startsWith('pages/'));
  expect(run()).toBe('2\n');
  expect(await readFile(join(folder, 'pages/page.js'), 'utf8')).toBe(files['/pages/page.js']);
});
