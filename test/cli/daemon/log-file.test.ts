/** The log in a file of its own: put aside by size, kept so often, and never a reason for the daemon to stop. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type CycleboxError, ManualClock } from '../../../src/base/index.js';
import { logIsRead, openDaemonLog } from '../../../src/cli/daemon/daemon-log.js';
import { LogFile } from '../../../src/cli/daemon/log-file.js';
import { resolveConfig } from '../../../src/daemon/index.js';
import { temporaryFolder } from '../../support/pictures.js';

const line = (index: number) => `${JSON.stringify({ index, text: 'x'.repeat(3000) })}\n`;

async function open(path: string, more: { readonly keep?: number; readonly clock?: ManualClock } = {}) {
  const faults: CycleboxError[] = [];
  const { keep = 2, clock = new ManualClock() } = more;
  const file = new LogFile({ path, maxMegabytes: 0.01, keep }, { clock, onFault: error => faults.push(error) });
  onTestFinished(() => file.dispose());
  return { file, faults, clock };
}

describe('a log file', () => {
  it('is put aside when it is full, and so many are kept', async () => {
    const folder = await temporaryFolder();
    const { file, faults } = await open(join(folder, 'logs/cyclebox.log'));
    for (let index = 0; index < 20; index++) {
      file.write(line(index));
      await file.settled(60_000);
    }
    await file.dispose();
    expect((await readdir(join(folder, 'logs'))).sort()).toEqual(['cyclebox.log', 'cyclebox.log.1', 'cyclebox.log.2']);
    const texts = await Promise.all(
      ['cyclebox.log.2', 'cyclebox.log.1', 'cyclebox.log'].map(name => readFile(join(folder, 'logs', name), 'utf8')),
    );
    const kept = texts.join('').split('\n').filter(Boolean);
    const indices = kept.map(text => (JSON.parse(text) as { index: number }).index);
    expect(indices.at(-1)).toBe(19);
    expect(indices).toEqual(indices.map((_, at) => indices[0]! + at));
    for (const text of texts) expect(text.length).toBeLessThan(10_000 + line(0).length);
    expect(faults).toEqual([]);
  });

  it('goes on with what is there', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'cyclebox.log');
    await writeFile(path, 'earlier\n');
    const { file } = await open(path);
    file.write('later\n');
    await file.dispose();
    expect(await readFile(path, 'utf8')).toBe('earlier\nlater\n');
  });

  it('that cannot be written to is told of once, tried again later, and says how many lines it lacks', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'logs'), 'a file where a folder should be');
    const path = join(folder, 'logs/cyclebox.log');
    const { file, faults, clock } = await open(path);
    file.write('lost with the attempt\n');
    await vi.waitFor(() => expect(faults).toHaveLength(1), 60_000);
    expect(faults[0]).toMatchObject({ code: 'WRITE_FAILED', message: expect.stringContaining(path) });
    file.write('a\n');
    file.write('b\n');
    await rm(join(folder, 'logs'));
    await mkdir(join(folder, 'logs'));
    clock.advance(60_000);
    file.write('c\n');
    await file.dispose();
    const [gap, last] = (await readFile(path, 'utf8')).split('\n');
    expect(JSON.parse(gap!)).toMatchObject({ leftOut: 2 });
    expect(last).toBe('c');
    expect(faults).toHaveLength(1);
  });

  it('has the lines that standard output has, as JSON also beside a terminal', async () => {
    const folder = await temporaryFolder();
    const config = resolveConfig(
      { logFile: { path: 'cyclebox.log' }, routes: [{ match: 'x/**', pair: 'day-night', to: 'night' }] },
      folder,
    );
    const shown: string[] = [];
    const log = openDaemonLog(config, { target: { isTerminal: true, write: text => shown.push(text) } });
    log.stopping('SIGTERM');
    expect(await logIsRead(60_000)).toBe(true);
    expect(shown.join('')).toMatch(/^\d\d:\d\d:\d\d {2}SIGTERM: finishing/);
    expect(JSON.parse(await readFile(join(folder, 'cyclebox.log'), 'utf8'))).toMatchObject({
      level: 30,
      signal: 'SIGTERM',
    });
  });
});
