/**
 * What the bundle brings along that npm does not install: Node's own binary, and the Vulkan loader that the WebGPU engine
 * opens (graphics drivers for servers come without one). Both are this machine's own files, with their licence texts.
 * What must stay true: nothing is copied whose licence text is not copied with it.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const systemLibraries = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/lib64'];

/** Copies Node without its symbol table. @throws where this is no Linux x64 binary, or its licence is not found */
export function carryNode(folder, licences) {
  if (!isElf(process.execPath)) throw new Error(`${process.execPath} is no program for Linux: use a real Node.js.`);
  const licence = [
    join(dirname(process.execPath), '..', 'LICENSE'),
    '/usr/share/doc/nodejs/LICENSE',
    '/usr/share/doc/nodejs/copyright',
    '/usr/share/licenses/nodejs/LICENSE',
  ].find(path => existsSync(path));
  if (licence === undefined)
    throw new Error(
      `Node's licence text is not where it is looked for: put it at ${join(process.execPath, '../../LICENSE')}.`,
    );
  const binary = join(folder, 'runtime', 'node');
  mkdirSync(dirname(binary), { recursive: true });
  copyFileSync(process.execPath, binary);
  chmodSync(binary, 0o755);
  const isStripped = strip(binary);
  copyFileSync(licence, join(licences, 'node.txt'));
  return { isStripped };
}

/** @returns {boolean} whether there was a loader and a licence text of it to carry */
export function carryVulkanLoader(folder, licences) {
  const library = systemLibraries.map(path => join(path, 'libvulkan.so.1')).find(path => existsSync(path));
  const licence = ['/usr/share/doc/libvulkan1/copyright', '/usr/share/licenses/vulkan-loader/LICENSE.txt'].find(path =>
    existsSync(path),
  );
  if (library === undefined || licence === undefined) return false;
  const copy = join(folder, 'runtime', 'vulkan', 'libvulkan.so.1');
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(realpathSync(library), copy);
  copyFileSync(licence, join(licences, 'vulkan-loader.txt'));
  return true;
}

function isElf(path) {
  const start = Buffer.alloc(4);
  readSync(openSync(path), start);
  return start.toString('latin1') === '\x7fELF';
}

/** Symbols for debuggers are an eighth of Node. Without binutils they are carried: larger, not worse. */
function strip(binary) {
  try {
    execFileSync('strip', [binary], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
