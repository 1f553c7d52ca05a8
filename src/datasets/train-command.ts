/** The command that fits a pair on a data set, as a person would type it. Nothing is trained here. */
import { join } from 'node:path';
import type { PublishedDataset } from './collection.js';

/** @returns undefined for a data set that has nothing to train on */
export function trainCommandFor({ pair }: PublishedDataset, folder: string): string | undefined {
  if (pair === undefined) return undefined;
  const [a, b] = pair.a === 'A' ? ['A', 'B'] : ['B', 'A'];
  const flags = [
    ['--pair', pair.id],
    ['--a', quoted(join(folder, `train${a}`))],
    ['--b', quoted(join(folder, `train${b}`))],
    ['--test-a', quoted(join(folder, `test${a}`))],
    ['--test-b', quoted(join(folder, `test${b}`))],
    ['--out', `runs/${pair.id}`],
  ];
  return `cyclebox train ${flags.map(flag => flag.join(' ')).join(' ')}`;
}

const quoted = (path: string) => (/^[\w./\\:@+-]+$/.test(path) ? path : `"${path}"`);
