/** What `npm run bench:performance` keeps, and the tables that are made of it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { keepRow, readResults } from '../../bench/performance-results.mjs';
import { withTables } from '../../bench/performance-tables.mjs';
import { temporaryFolder } from '../support/pictures.js';

const machine = { processor: 'Some CPU', threads: 2, torch: '2.15' };

describe('performance results', () => {
  it('keep every row as it comes, in place of what the same machine had of it', async () => {
    const file = pathToFileURL(join(await temporaryFolder(), 'results', 'performance.json'));
    expect(readResults(file)).toEqual({});
    keepRow('train', machine, { what: 'a', cyclebox: 1 }, file);
    keepRow('train', machine, { what: 'b', cyclebox: 2 }, file);
    keepRow('train', machine, { what: 'a', cyclebox: 3 }, file);
    expect(readResults(file)['train']?.rows).toEqual([
      { what: 'a', cyclebox: 3 },
      { what: 'b', cyclebox: 2 },
    ]);
    keepRow('train', { ...machine, threads: 1 }, { what: 'c' }, file);
    expect(readResults(file)['train']?.rows).toEqual([{ what: 'c' }]);
  });
});

describe('performance tables', () => {
  const section = (...rows: { readonly what: string }[]) => ({ machine, measured: '2026-01-31', rows });

  it('have the columns that were measured, three digits, and where it was', () => {
    const page = 'Before.\n\n<!-- table translate -->\n| old |\n<!-- end -->\n\nAfter.\n';
    const row = { what: 'small, 256²', cyclebox: 1234.5, torch: 20.04, tfjs: Number.NaN, toBestPeer: 0.6249 };
    expect(withTables(page, { translate: section(row) }).split('\n')).toEqual([
      'Before.',
      '',
      '<!-- table translate -->',
      '',
      '| network and image | Cyclebox | PyTorch | to the best of them |',
      '| --- | ---: | ---: | ---: |',
      '| small, 256² | 1235 | 20 | 0.62 |',
      '',
      'Some CPU, threads 2, torch 2.15; 2026-01-31.',
      '<!-- end -->',
      '',
      'After.',
      '',
    ]);
  });

  it('stay as they are where nothing was measured', () => {
    const page = '<!-- table train -->\n| old |\n<!-- end -->\n';
    expect(withTables(page, { folder: section({ what: 'x' }) })).toBe(page);
  });

  it('of docs/performance.md are all made of something that is measured', async () => {
    const page = await readFile('docs/performance.md', 'utf8');
    const names = [...page.matchAll(/<!-- table ([a-z-]+) -->/g)].map(([, name]) => name!);
    expect(names).toEqual(['translate', 'translate-cpu', 'train', 'folder']);
    const results = Object.fromEntries(names.map(name => [name, section({ what: `row of ${name}` })]));
    for (const name of names) expect(withTables(page, results)).toContain(`| row of ${name} |`);
  });
});
