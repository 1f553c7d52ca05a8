import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';

/** Who may read by the system's own calls: the one reader, and those who read the system's or cyclebox's own files. */
const allowed = [
  'base/package-info.ts',
  'base/regular-file.ts',
  // The test that it writes into a new plugin's folder reads.
  'cli/scaffold/pair-files.ts',
  'diagnosis/machine.ts',
  'diagnosis/watching.ts',
  'engine/discovery/probe-service.ts',
  'engine/onnx/devices.ts',
  'process/memory-guard.ts',
  'training/records/report-page.ts',
];

test('files of unknown making are read by the one reader that no pipe stops', async () => {
  const src = join(packageRoot, 'src');
  const readers: string[] = [];
  for (const path of await readdir(src, { recursive: true })) {
    if (!path.endsWith('.ts')) continue;
    const text = await readFile(join(src, path), 'utf8');
    const imports = /^import \{([^}]*)\} from 'node:fs(\/promises)?';/gm;
    const names = [...text.matchAll(imports)].map(([, list]) => list).join();
    if (/\b(readFile|readFileSync|createReadStream)\b/.test(names)) readers.push(path);
  }
  expect(readers.sort()).toEqual(allowed);
});
