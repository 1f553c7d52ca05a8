/**
 * Which files of an installed package a running program may need. What is left out falls under a rule about kinds of
 * files, never under a list of this package's or that one's. Licence texts always stay.
 * What must stay true: nothing that `require`, `import` or `dlopen` reaches on the platform is left out (the bundle's
 * test runs every command of it).
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const licence = /^(?:licen[cs]e|copying|copyright|notice|third.?party.?notices?)/i;

/** Files that only compilers, editors and readers open. */
const notLoaded = /\.(?:map|ts|mts|cts|flow|md|markdown|h|hpp|c|cc|cpp|gyp|gypi|pdb|lib|tgz|yml)$|(?:^|\/)\.[^/]+$/i;

/** Folders at a package's top that serve its own development or its own command line. */
const workshop = /^(?:tests?|__tests__|examples?|benchmarks?|docs?|cli|scripts?|\.[^/]*)\//;

/** `darwin/arm64/`, `win32-x64/`: prebuilt binaries, one folder for each platform. */
const prebuilt = /(?:^|\/)(darwin|linux|win32|freebsd|android)[/-](x64|arm64|arm|ia32|ppc64|s390x|riscv64)\//;

/** Execution providers that a user had installed: hundreds of megabytes, of use with that user's CUDA only. */
const addedProvider = /libonnxruntime_providers_(?:cuda|tensorrt)/;

/**
 * @param {string} folder of a package
 * @param {import('./production-packages.mjs').Platform} platform
 * @returns {readonly string[]} relative paths with `/`, sorted; nested `node_modules` are packages of their own
 */
export function carriedFiles(folder, platform) {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter(path => !/(?:^|\/)node_modules\//.test(path));
  const hasLicence = all.some(path => licence.test(path));
  return all.filter(path => isCarried(path, platform, hasLicence)).sort();
}

/** @param {boolean} hasLicence without a licence text, the README is what says whose the package is */
function isCarried(path, platform, hasLicence) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (licence.test(name) || (!hasLicence && /^readme/i.test(path))) return true;
  const [, os, cpu] = prebuilt.exec(path) ?? [];
  if (os !== undefined && (os !== platform.os || cpu !== platform.cpu)) return false;
  return !notLoaded.test(path) && !workshop.test(path) && !addedProvider.test(path);
}
