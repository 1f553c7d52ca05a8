/** What a plugin without code has beside its manifest: a test that its models are the files that the manifest names. */
import type { ScaffoldLanguage } from './scaffold-options.js';
import { tsconfig } from './typescript.js';

export function pairFiles(language: ScaffoldLanguage): readonly (readonly [path: string, content: string])[] {
  if (language === 'js') return [['test/models.test.js', modelsTest('..', '')]];
  return [
    ['tsconfig.json', tsconfig],
    ['test/models.test.ts', modelsTest('../..', manifestType)],
  ];
}

const manifestType = `
interface Model {
  readonly path: string;
  readonly sha256: string;
}

interface Manifest {
  readonly contributes: { readonly domainPairs: readonly { readonly models: Readonly<Record<string, Model>> }[] };
}
`;

/** @param up from the test to the plugin's folder */
const modelsTest = (up: string, type: string) => `import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
${type}
const folder = new URL('${up}/', import.meta.url);
const manifest${type && ': Manifest'} = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));

for (const { path, sha256 } of manifest.contributes.domainPairs.flatMap(pair => Object.values(pair.models))) {
  test(\`\${path} is the file that the manifest names\`, () => {
    const sum = createHash('sha256').update(readFileSync(new URL(path, folder))).digest('hex');
    assert.equal(sum, sha256);
  });
}
`;
