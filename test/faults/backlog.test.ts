import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Sqlite } from '../../src/inbox/index.js';
import { type CycleboxProcess, cyclebox, isDone, project } from './cyclebox-process.js';
import { colourOf, pictureOf } from './promise-check.js';
import { scaled } from './scale.js';

const count = scaled(2000, 100_000);

describe(`a backlog of ${count} files`, () => {
  it('is served within seconds and taken in whole, in bounded memory', { timeout: 900_000 }, async () => {
    const root = await project({ settleMs: 200, decodeGraceMs: 0 });
    await fill(join(root, 'inbox/day-to-night'));
    const startMs = performance.now();
    const run = cyclebox(root);
    const since = () => performance.now() - startMs;
    const serving = run.heard(record => record['path'] !== undefined).then(since);
    const first = run.heard(isDone).then(since);
    await run.heard(record => record.msg?.startsWith('watching') === true);
    await whenTakenIn(root, run);
    const allMs = since();
    const [servingMs, firstMs] = await Promise.all([serving, first]);
    const megabytes = await peakMegabytes(run.pid);
    await run.kill();
    const figures = `${count} files: first done with after ${servingMs.toFixed(0)} ms, first output after ${firstMs.toFixed(0)} ms, all in the journal after ${allMs.toFixed(0)} ms, daemon's peak ${megabytes.toFixed(0)} MB`;
    console.log(figures);
    expect(servingMs, figures).toBeLessThan(20_000);
    expect(megabytes, figures).toBeLessThan(300);
  });
});

/** Sparse files that are no images, some with a name of none, and a picture in every hundred. */
async function fill(folder: string): Promise<void> {
  const picture = await pictureOf(colourOf(7));
  for (let i = 0; i < count; i++) {
    const name = join(folder, `${String(i).padStart(6, '0')}.${i % 10 === 3 ? 'dat' : 'png'}`);
    if (i % 100 === 0) writeFileSync(name, picture);
    else {
      const file = openSync(name, 'w');
      ftruncateSync(file, 1000 + i);
      closeSync(file);
    }
  }
}

/** The journal is the only one who knows; it is asked four times a second. */
async function whenTakenIn(root: string, run: CycleboxProcess): Promise<void> {
  const journal = new Sqlite(join(root, '.cyclebox/journal.sqlite'));
  try {
    while (Number(journal.get('SELECT count(*) AS n FROM jobs')?.['n']) < count) {
      const ended = await Promise.race([run.ended, new Promise<void>(resolve => setTimeout(resolve, 250))]);
      if (ended) throw new Error(ended.text);
    }
  } finally {
    journal.dispose();
  }
}

async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}
