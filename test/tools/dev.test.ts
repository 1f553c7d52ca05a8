/** `npm run dev` in a small project of the same shape: one TypeScript file that stays alive and says what it is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';

const tools = ['dev', 'finish-build', 'past-faces'].map(name => `tools/${name}.mjs`);
const copied = ['package.json', 'tsconfig.json', 'tsconfig.build.json', ...tools];

const living = (name: string) => `
process.on('SIGTERM', () => {
  console.log('${name} ends');
  process.exit(0);
});
setInterval(() => {}, 1000);
console.log('${name} was given ' + process.argv.slice(2).join(' '));
`;

async function smallProject(): Promise<string> {
  const root = await temporaryFolder();
  for (const path of copied) await cp(join(packageRoot, path), join(root, path));
  await symlink(join(packageRoot, 'node_modules'), join(root, 'node_modules'));
  await mkdir(join(root, 'src/cli'), { recursive: true });
  await writeFile(join(root, 'src/cli/main.ts'), living('first'));
  return root;
}

interface Dev {
  /** Lines so far. */
  readonly heard: readonly string[];
  hear(words: string): Promise<void>;
  end(): Promise<unknown>;
}

function dev(root: string, ...args: readonly string[]): Dev {
  const child = spawn(process.execPath, ['tools/dev.mjs', ...args], { cwd: root });
  const ended = once(child, 'close');
  const end = () => {
    child.kill('SIGTERM');
    return ended;
  };
  onTestFinished(async () => void (await end()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const heard: string[] = [];
  const hear = async (words: string) => {
    do heard.push((await lines.next()).value as string);
    while (!heard.at(-1)?.includes(words));
  };
  return { heard, hear, end };
}

it('starts again what was saved when it compiles, after the one before has ended, and not what does not compile', async () => {
  const root = await smallProject();
  const main = join(root, 'src/cli/main.ts');
  const { heard, hear, end } = dev(root, 'start', '--once');
  await hear('first was given start --once');
  await writeFile(main, 'export const wrong: number = "text";');
  await hear('Found 1 error');
  await writeFile(main, living('second'));
  await hear('second was given start --once');
  const ours = heard.filter(line => /first|second/.test(line));
  expect(ours).toEqual(['first was given start --once', 'first ends', 'second was given start --once']);
  expect(await end()).toEqual([0, null]);
});

it('builds the pages again when they are saved, and starts again with them', async () => {
  const root = await smallProject();
  const ui = join(root, 'src/server/ui');
  await mkdir(ui, { recursive: true });
  await cp(join(packageRoot, 'src/server/ui/vite.config.mjs'), join(ui, 'vite.config.mjs'));
  await writeFile(join(ui, 'index.html'), '<!doctype html><script type="module" src="./page.js"></script>');
  const page = join(ui, 'page.js');
  await writeFile(page, 'document.title = "one";');
  const { hear, end } = dev(root, 'start');
  await hear('first was given start');
  await writeFile(page, 'document.title = "other";');
  await hear('first was given start');
  const assets = join(root, 'dist/server/ui/assets');
  const [script = ''] = await readdir(assets);
  expect(await readFile(join(assets, script), 'utf8')).toContain('other');
  expect(await end()).toEqual([0, null]);
});
