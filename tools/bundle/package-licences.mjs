/**
 * The list of packages in the bundle with their licences. The texts lie in each package's own folder; for packages that
 * are published without one, the text lies beside the list.
 */
import { readdirSync, writeFileSync } from 'node:fs';

/** Packages without a licence file → whose text applies: the same project's, or one of LICENSES/. */
const textElsewhere = [
  [/^@aws-sdk\//, 'LICENSES/Apache-2.0.txt'],
  [/^onnxruntime-/, 'LICENSES/onnxruntime.txt'],
  [/^@bufbuild\/protobuf$/, 'LICENSES/Apache-2.0.txt; its BSD-3-Clause part: at the head of the file'],
  [/^@tokenizer\/token$/, 'app/node_modules/token-types/LICENSE.txt'],
  [/^abstract-logging$/, 'LICENSES/abstract-logging.txt'],
  [/^@libsql\//, 'app/node_modules/libsql/LICENSE'],
  [/^@msgpackr-extract\//, 'app/node_modules/msgpackr-extract/LICENSE'],
  [/^@img\/sharp-libvips-/, 'LICENSES/LGPL-3.0.txt, LICENSES/GPL-3.0.txt; libraries inside: its README.md'],
];

/** @throws when a package has no licence text: one must be found before it may be passed on */
export function writePackageLicences(packages, file) {
  const lines = packages.map(({ name, version, license, folder }) => {
    const path = folder.slice(folder.indexOf('node_modules'));
    return `${name} ${version}\n  ${license}: ${licenceText(name, folder, path)}\n`;
  });
  writeFileSync(
    file,
    `Packages in app/node_modules, and where the text of each one's licence lies.\n\n${lines.join('')}`,
  );
}

function licenceText(name, folder, path) {
  const own = readdirSync(folder).find(entry => /^(?:licen[cs]e|copying)/i.test(entry));
  if (own !== undefined) return `app/${path}/${own}`;
  const elsewhere = textElsewhere.find(([names]) => names.test(name));
  if (elsewhere === undefined)
    throw new Error(`${name} has no licence text: name one in tools/bundle/package-licences.mjs.`);
  return elsewhere[1];
}
