/** What a sweep trains, and what its table says: rows from factors, names, means over seeds, the best row, and what failed. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSweepFile } from '../../src/cli/train/sweep-config.js';
import {
  type RunResult,
  rowsOf,
  runResult,
  runsOf,
  type SweepFile,
  spreadOf,
  spreadText,
  sweepCsv,
  sweepNotes,
  sweepResults,
  sweepTable,
} from '../../src/training/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { description, openRecorder, takeSteps } from './recorded-run.js';

const base = { pair: 'red-blue', a: '/i/reds', b: '/i/blues', steps: 100 };
const grid: SweepFile = { base, factors: { width: [16, 32], loss: ['lsgan', 'vanilla'] } };

describe('sweeps: rows', () => {
  it('are every combination of the factors, each named by what it has of them', () => {
    expect(rowsOf(grid).map(({ name }) => name)).toEqual([
      ...['width-16_loss-lsgan', 'width-16_loss-vanilla', 'width-32_loss-lsgan', 'width-32_loss-vanilla'],
    ]);
    expect(rowsOf(grid)[3]).toMatchObject({
      settings: { width: 32, loss: 'vanilla' },
      options: { ...base, width: 32 },
    });
  });

  it('keep their names when values are added, so that what is trained is found again', () => {
    const more = rowsOf({ base, factors: { width: [8, 16, 32], loss: ['lsgan', 'vanilla'] } });
    expect(more.map(({ name }) => name)).toEqual(expect.arrayContaining(rowsOf(grid).map(({ name }) => name)));
  });

  it('are trained with the first seed all before any with the second', () => {
    const names = runsOf(rowsOf({ base, factors: { width: [16, 32] } }), [1, 7]).map(({ name }) => name);
    expect(names).toEqual(['width-16-s1', 'width-32-s1', 'width-16-s7', 'width-32-s7']);
  });

  it('that are written out differ in what any of them names, and folders in their names do not clash', () => {
    const rows = rowsOf({ base, rows: [{}, { name: 'wide', width: 64 }, { a: '/x/reds' }, { a: '/y/reds' }] });
    expect(rows.map(({ settings }) => Object.keys(settings))).toEqual(Array(4).fill(['width', 'a']));
    expect(rows.slice(0, 2).map(({ name }) => name)).toEqual(['base', 'wide']);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(4);
    for (const { name } of rows) expect(name).toMatch(/^[A-Za-z0-9._-]{1,48}$/);
  });

  it('that are the same twice are refused', () => {
    expect(() => rowsOf({ base, rows: [{ width: 8 }, { width: 8 }] })).toThrow(/the same/);
  });

  it('give way to the command line, and a file of a training to them', () => {
    const [row] = rowsOf({ base, rows: [{ width: 8 }] }, { width: 4, blocks: 3 }, { steps: 7 });
    expect(row?.options).toMatchObject({ width: 8, blocks: 3, steps: 7 });
  });

  it('are judged at their last step where nothing else is said', () => {
    const every = (steps: number) =>
      rowsOf({ base: { ...base, steps, testA: 'a', testB: 'b' }, rows: [{}] })[0]?.options.evaluateEvery;
    expect([every(100), every(2000), every(6000), every(5000), every(2003)]).toEqual([100, 2000, 2000, 1250, 2003]);
  });
});

describe('sweeps: the file', () => {
  it.each([
    ['{"factors": {"widht": [1]}}', /widht.*width/],
    ['{"factors": {"width": [0]}}', /factors\.width\[0\] is 0; allowed: a whole number ≥ 1/],
    ['{"base": {}}', /either "factors" or "rows"/],
    ['{"rows": [{}], "factors": {"width": [1]}}', /either "factors" or "rows"/],
    ['{"rows": [{"seed": 2}]}', /seed/],
  ])('with a fault is refused, with what is allowed: %s', (text, message) => {
    expect(() => parseSweepFile(text, 'sweep.json')).toThrow(message);
  });
});

describe('sweeps: results', () => {
  const rows = rowsOf({ base, factors: { width: [16, 32] } });
  const run = (name: string, seed: number, more: Partial<RunResult> = {}): RunResult => ({
    ...{ name: `${name}-s${seed}`, seed, state: 'finished', steps: 100, wallMs: 60_000, cpuMs: 90_000 },
    ...{ metrics: {}, losses: { G_A: 1 }, ...more },
  });
  const judged = (red: number, blue: number) => ({
    metrics: { 'blue→red/balance': red, 'red→blue/balance': blue, 'red→blue/grid': -red },
  });
  const runs = [
    ...[run('width-16', 1, judged(0.2, 0.4)), run('width-16', 2, judged(0.4, 0.6))],
    run('width-32', 1, judged(0.5, 0.7)),
    run('width-32', 2, { state: 'failed', error: { code: 'OUT_OF_MEMORY', message: 'too wide, "really"' } }),
  ];

  it('are means over seeds with their deviation, and the best row by the mean over the directions is marked', () => {
    const { rows: results } = sweepResults(rows, runs, 'balance');
    expect(results[0]?.rank?.mean).toBeCloseTo(0.4);
    expect(results[0]?.rank?.deviation).toBeCloseTo(Math.SQRT1_2 * 0.2);
    expect(results.map(({ isBest }) => isBest)).toEqual([false, true]);
  });

  it('by a metric of which less is better have the least as the best', () => {
    expect(sweepResults(rows, runs, 'grid').rows.map(({ isBest }) => isBest)).toEqual([false, true]);
  });

  it('are a table of those that were trained, with what failed named below it', () => {
    const results = sweepResults(rows, runs, 'balance');
    expect(sweepTable(results).split('\n').slice(0, 1).join()).toMatch(
      /^\| +\| width \| seeds +\| balance +\| blue grid +\| steps \| time +\| CPU +\|$/,
    );
    expect(sweepTable(results)).toContain('| ★   | 32    | 1 of 2 | 0.600');
    expect(sweepTable(results)).toContain('0.400 ± 0.141');
    expect(sweepNotes(results)).toEqual([
      '★ best by balance, the mean over directions and seeds at the last evaluation',
      'width-32-s2 failed: OUT_OF_MEMORY: too wide, "really"',
    ]);
  });

  it('are a line of CSV for each training, quoted where that is needed', () => {
    const lines = sweepCsv(sweepResults(rows, runs, 'balance'))
      .trim()
      .split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toBe(
      'row,seed,width,state,steps,wallSeconds,cpuSeconds,evaluatedAt,error,bestBy:balance,blue→red/balance,red→blue/balance,red→blue/grid,loss:G_A',
    );
    expect(lines[4]).toContain('"OUT_OF_MEMORY: too wide, ""really"""');
  });

  it('without an evaluation show the losses, mark nothing, and say why', () => {
    const results = sweepResults(rows, [run('width-16', 1), run('width-32', 1)], 'balance');
    expect(sweepTable(results)).toContain('loss G_A');
    expect(sweepNotes(results)).toEqual([expect.stringContaining('there was no evaluation')]);
  });

  it('of a training are what its history says', async () => {
    const out = await temporaryFolder();
    const [row] = runsOf(rows, [3]);
    expect(await runResult(row!, out)).toMatchObject({ state: 'unfinished', steps: 0 });
    const { recorder, clock } = openRecorder(out);
    await recorder.start(description);
    await takeSteps(recorder, clock, 1, 60);
    expect(await runResult(row!, out)).toMatchObject({ state: 'unfinished', steps: 50 });
    await recorder.end(60, 'finished');
    expect(await runResult(row!, out)).toMatchObject({
      ...{ name: 'width-16-s3', state: 'finished', steps: 60, wallMs: 6000, cpuMs: 12_000 },
      ...{ metrics: { style: 0.6 }, evaluatedAt: 60 },
    });
    await write(join(out, 'history.jsonl'), '');
    expect(await runResult(row!, out, { code: 'USAGE', message: 'no' })).toMatchObject({ state: 'failed' });
  });
});

describe('sweeps: a spread', () => {
  it('is a mean and the standard deviation of a sample; values that are no numbers count as none', () => {
    expect(spreadOf([1, Number.NaN, 3])).toEqual({ mean: 2, deviation: Math.SQRT2, count: 2 });
    expect(spreadOf([5])).toEqual({ mean: 5, deviation: undefined, count: 1 });
    expect(spreadOf([Number.NaN])).toBeUndefined();
    expect(spreadText(spreadOf([0.5, 0.6]), 1, 100)).toBe('55.0 ± 7.1');
  });
});

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
