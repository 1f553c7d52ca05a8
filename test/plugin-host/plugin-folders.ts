/** Plugin folders as their authors write them, for tests of the host. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../support/pictures.js';

export const catDog = { id: 'cat-dog', domains: ['cat', 'dog'], models: { dog: { path: 'to-dog.onnx' } } };

export function manifest(name: string, more: object = {}): object {
  return { name, version: '1.0.0', engines: { cyclebox: '^1.0.0' }, contributes: {}, ...more };
}

/** A manifest of a plugin with code, in `main.mjs`. */
export function coded(name: string, more: object = {}): object {
  return manifest(name, { main: 'main.mjs', contributes: { postprocessors: [{ id: name }] }, ...more });
}

/** Writes a plugin's folder; what is no string is written as JSON. */
export async function writePlugin(folder: string, files: Readonly<Record<string, unknown>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/** A folder of plugin folders, by name. */
export async function pluginsFolder(
  plugins: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Promise<string> {
  const root = await temporaryFolder();
  for (const [name, files] of Object.entries(plugins)) await writePlugin(join(root, name), files);
  return root;
}
