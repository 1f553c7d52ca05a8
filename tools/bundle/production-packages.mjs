/**
 * The packages that cyclebox needs to run on one platform, found in `node_modules` as Node itself finds them: from each
 * package upwards. No list of names, no lock file, no registry. Peer dependencies are a user's choice and not followed.
 * What must stay true: a package is named here exactly if a `require` or `import` of production code can reach it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Sorted by folder; types in production-packages.d.mts. */
export function productionPackages(root, platform) {
  const found = new Map();
  const visit = (folder, manifest) => {
    for (const [name, optional] of wanted(manifest)) {
      const next = resolvePackage(name, folder, root);
      if (next === undefined) {
        if (!optional) throw new Error(`${name}, which ${manifest.name} needs, is not installed: run "npm ci".`);
        continue;
      }
      if (found.has(next) || (optional && !runsOn(readManifest(next), platform))) continue;
      const needed = readManifest(next);
      found.set(next, { name, version: needed.version, license: licenceId(needed), folder: next });
      visit(next, needed);
    }
  };
  visit(root, readManifest(root));
  return [...found.values()].sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

/** Optional dependencies are listed among the dependencies too by some packages: optional wins. */
function wanted({ dependencies = {}, optionalDependencies = {} }) {
  const optional = Object.keys(optionalDependencies);
  return [
    ...Object.keys(dependencies)
      .filter(name => !(name in optionalDependencies))
      .map(name => [name, false]),
    ...optional.map(name => [name, true]),
  ];
}

function resolvePackage(name, from, root) {
  for (let folder = from; folder.length >= root.length; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  return undefined;
}

/** By npm's fields; some packages for musl name their C library in nothing but their name. */
function runsOn({ name, os, cpu, libc }, platform) {
  const fits = (list, value) => list === undefined || [list].flat().includes(value);
  const named = /musl/.test(name) ? 'musl' : platform.libc;
  return fits(os, platform.os) && fits(cpu, platform.cpu) && fits(libc, platform.libc) && named === platform.libc;
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** An SPDX expression; old packages wrote `{ "license": { "type": … } }` or a list. */
function licenceId({ license, licenses }) {
  const given = license ?? licenses;
  return [given]
    .flat()
    .map(one => one?.type ?? one ?? 'UNKNOWN')
    .join(' OR ');
}
