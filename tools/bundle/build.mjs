/**
 * `npm run bundle`: cyclebox as one folder and one archive for a Linux x64 machine that has neither Node nor a network.
 * It takes what `npm ci` installed and `npm run build` built; nothing is fetched.
 *
 *   node tools/bundle/build.mjs [--out build/bundle] [--level 0-9]
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { archive } from './archive.mjs';
import { carriedFiles } from './carried-files.mjs';
import { writePackageLicences } from './package-licences.mjs';
import { productionPackages } from './production-packages.mjs';
import { carryNode, carryVulkanLoader } from './runtime.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = resolve(here, '../..');
const platform = { os: 'linux', cpu: 'x64', libc: 'glibc' };
const limitBytes = 100e6;

const { values } = parseArgs({
  options: { out: { type: 'string', default: join(root, 'build', 'bundle') }, level: { type: 'string', default: '6' } },
});

function main() {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !isGlibc())
    throw new Error('The bundle is made of this machine’s own Node.js: build it on Linux x64 with glibc.');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const name = `cyclebox-${version}-linux-x64`;
  const folder = join(resolve(values.out), name);
  rmSync(folder, { recursive: true, force: true });
  fill(folder);
  const printed = execFileSync(join(folder, 'cyclebox'), ['--version'], { env: {}, encoding: 'utf8' }).trim();
  if (printed !== version) throw new Error(`${folder}/cyclebox --version says ${printed}, not ${version}.`);
  const file = `${folder}.tar.xz`;
  const { bytes, sha256 } = archive(folder, file, Number(values.level));
  console.log(`${file}: ${(bytes / 1e6).toFixed(1)} MB, sha256 ${sha256}`);
  if (bytes > limitBytes) throw new Error(`The archive is larger than ${limitBytes / 1e6} MB.`);
}

function fill(folder) {
  const app = join(folder, 'app');
  const licences = join(folder, 'LICENSES');
  mkdirSync(licences, { recursive: true });
  for (const path of publishedFiles()) copy(join(root, path), join(app, path));
  const packages = productionPackages(root, platform);
  for (const { folder: from } of packages)
    for (const path of carriedFiles(from, platform)) copy(join(from, path), join(app, from.slice(root.length), path));
  const { isStripped } = carryNode(folder, licences);
  if (!isStripped) console.warn('warning: no strip (binutils) here: Node is carried with its debugging symbols');
  if (!carryVulkanLoader(folder, licences))
    console.warn('warning: no Vulkan loader (libvulkan1) here: the bundle’s WebGPU will need that of its machine');
  cpSync(join(here, 'licences'), licences, { recursive: true });
  writePackageLicences(packages, join(licences, 'packages.txt'));
  copy(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeReadme(join(folder, 'README.md'));
  copy(join(here, 'launcher.sh'), join(folder, 'cyclebox'), 0o755);
}

/** The page about the bundle, whose links lead to the other pages where they lie in it. */
function writeReadme(file) {
  const page = readFileSync(join(root, 'docs', 'portable-bundle.md'), 'utf8');
  writeFileSync(file, page.replaceAll(/\]\((?!https?:|#)/g, '](app/docs/'));
}

/** What the package publishes, by the `files` of its package.json: npm itself says which. */
function publishedFiles() {
  const out = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64e6,
  });
  const [{ files }] = Object.values(JSON.parse(out));
  return files.map(({ path }) => path).filter(path => !path.endsWith('.d.ts'));
}

function copy(from, to, mode) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, mode ?? (statSync(from).mode & 0o111 ? 0o755 : 0o644));
}

function isGlibc() {
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

main();
