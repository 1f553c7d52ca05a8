/** The path that docs/plugins.md leads along, from `plugins new` to translated images, run from the page's own blocks. */
import { execFile } from 'node:child_process';
import { access, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { decodeImage } from '../../src/image/index.js';
import type { Picture } from '../../src/picture/index.js';
import { temporaryFolder } from '../support/pictures.js';

const page = await readFile(join(packageRoot, 'docs/plugins.md'), 'utf8');
const [, path = ''] = page.split('## The first ten minutes\n');
const blocks = [...path.split('\n## ')[0]!.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language, body]) => ({
  language: language!,
  body: body!,
}));

/** Runs a block as a shell does, and stops at the first command that fails. */
function runShell(body: string, cwd: string): Promise<string> {
  const main = join(packageRoot, 'dist/cli/main.js');
  const script = `set -e\ncyclebox() { "${process.execPath}" "${main}" "$@"; }\n${body}`;
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', script], { cwd }, (error, out, err) => {
      if (error) reject(new Error(`${body}\n${error.message}\n${out}\n${err}`));
      else resolve(out);
    });
  });
}

/** By how much red is over blue, on average. */
function redOver({ rgb }: Picture): number {
  const over = rgb.reduce((sum, value, i) => sum + [value, 0, -value][i % 3]!, 0);
  return over / (rgb.length / 3);
}

test.skipIf(process.platform === 'win32')(
  'leads from nothing to translated images, and to a plugin that others can install',
  async () => {
    const folder = await temporaryFolder();
    await copyFile(join(packageRoot, 'samples/satellite-to-map/sri-lanka.jpg'), join(folder, 'photo.jpg'));
    expect(blocks.map(({ language }) => language)).toEqual(['sh', 'jsonc', 'sh', 'sh', 'jsonc', 'sh', 'sh']);
    const said: string[] = [];
    for (const { language, body } of blocks) {
      if (language === 'sh') said.push(await runShell(body, folder));
      else await writeFile(join(folder, 'watch-config.json'), body);
    }
    expect(said[0]).toMatch(/plugins\/cat-dog is a valid plugin: 0 errors, 0 warnings, 0 hints/);
    expect(said[1]).toMatch(/^state: +ready$/m);
    expect(said[2]).toMatch(/^# pass 2$/m);
    expect(said[4]).toMatch(/^cat-dog 0\.1\.0 is installed/m);
    const before = await decodeImage(join(folder, 'photo.jpg'));
    for (const result of ['translated/photo.jpg', 'outbox/cat-to-dog/photo.jpg']) {
      const after = await decodeImage(join(folder, result));
      expect([after.width, after.height]).toEqual([before.width, before.height]);
      expect(Math.abs(after.rgb[0]! - (255 - before.rgb[0]!))).toBeLessThan(16);
    }
    const [plain, warm] = await Promise.all(
      ['photo', 'warmer'].map(name => decodeImage(join(folder, `outbox/cat-to-dog/${name}.jpg`))),
    );
    expect(redOver(warm!)).toBeGreaterThan(redOver(plain!) + 20);
    await access(join(folder, '.cyclebox/plugins/cat-dog/to-dog.onnx'));
  },
  120_000,
);
