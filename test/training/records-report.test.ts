import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RunDescription, type TrainingWarning, writeReport } from '../../src/training/records/index.js';
import { spreadEvenly } from '../../src/training/records/report-samples.js';
import { temporaryFolder } from '../support/pictures.js';
import { colourGrid, description, openRecorder, takeSteps } from './recorded-run.js';

const hostile = `</script><img src=x onerror="document.title='owned'"> & 'friends'`;
const warning: TrainingWarning = { code: 'grid', message: 'A grid shows.', advice: 'Use --upsample resize.' };

async function recordRun(out: string, run: RunDescription = description, warnings = [warning]): Promise<void> {
  const { recorder, clock } = openRecorder(out);
  await recorder.start(run);
  await takeSteps(recorder, clock, 1, 60);
  const references = [{ title: `real images ${run.pair}`, metrics: { 'red→blue/style': 0.9 } }];
  recorder.evaluation(50, { metrics: { 'red→blue/style': 0.25 }, references, warnings });
  const grid = colourGrid(30);
  const columns = grid.columns.map(({ key }) => ({ key, title: `${key} ${run.pair}` }));
  for (const step of [30, 60]) await recorder.samples(step, { ...colourGrid(step), columns });
  recorder.evaluation(60, { metrics: { 'red→blue/style': 0.375 }, references, warnings });
  await recorder.checkpoint(60, { metric: 'style', value: 0.375 });
  await recorder.end(60, 'finished', `All steps of ${run.pair}.`);
}

const dataOf = (page: string) => JSON.parse(/<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(page)![1]!);

/** What is left to read when the parts of other languages and the markup are taken away. */
function textOf(page: string): string {
  const text = page.replaceAll(/<(style|script)[^>]*>.*?<\/\1>|<\/?strong[^>]*>/gs, '').replaceAll(/<[^>]*>/g, ' ');
  return text.replaceAll(/\s+/g, ' ');
}

describe('a report', () => {
  let page: string;
  beforeAll(async () => {
    const out = await mkdtemp(join(tmpdir(), 'cyclebox-report-'));
    try {
      await recordRun(out);
      page = await readFile(await writeReport(out), 'utf8');
    } finally {
      await rm(out, { recursive: true });
    }
  });

  it('says what was trained, on what, how far, and how it ended', () => {
    const text = textOf(page);
    expect(text).toMatch(/red-blue .*red and blue, on a CPU \(cpu\)\. Finished 2026-01-02 03:04 UTC\./);
    expect(text).toMatch(/step 60 of 60 .*time trained 6 s .*images per second 20\.0/);
    expect(text).toContain('best style 0.375 at step 60');
    expect(text).toContain('A grid shows. steps 50 to 60 Use --upsample resize.');
    expect(text).toMatch(/learning rate 0\.0002 seed 1/);
    expect(text).toMatch(/red · images 5 blue · images 4/);
    expect(text).toMatch(/G_A 1.200 D_A 34/);
  });

  it('has a table of metrics beside what they are compared with', () => {
    const row = (title: string, value: string) => new RegExp(`<th scope="row">${title}</th><td>${value}</td>`);
    expect(page).toMatch(/<th scope="col">red→blue<\/th><th scope="col">style<\/th>/);
    expect(page).toMatch(row('step 60 \\(latest\\)', '0\\.375'));
    expect(page).toMatch(row('real images red-blue', '0\\.900'));
  });

  it('holds curves and samples as data', () => {
    const { charts, samples } = dataOf(page);
    expect(charts.map(({ title }: { title: string }) => title)).toEqual([
      'style',
      'Adversarial, generator',
      'Adversarial, discriminator',
      'Learning rate',
      'Images per second',
      'Waiting for data',
    ]);
    expect(charts[1].series[0].points.map(([step]: [number]) => step)).toEqual([10, 20, 30, 40, 50, 60]);
    expect(charts[0].references).toEqual([{ title: 'real images red-blue', series: 'red→blue', value: 0.9 }]);
    expect(samples).toMatchObject({ rows: 2, steps: [{ step: 30 }, { step: 60 }] });
    expect(samples.steps[1].image).toMatch(/^data:image\/webp;base64,UklGR/);
  });

  it('asks for nothing from outside, and its own policy would forbid it', () => {
    expect(page).toContain('content="default-src &#39;none&#39;; img-src data: blob:; style-src &#39;sha256-');
    expect(page).not.toMatch(/\b(?:src|href)=/);
    expect(page).not.toMatch(/url\((?!#)|@import (?!\{)|\bfetch\(|XMLHttpRequest|import\(/);
    expect(page).not.toContain('http:');
    expect(page).not.toContain('https:');
  });
});

describe('a report of few or odd things', () => {
  it('can be made of the history alone, as soon as the run has begun', async () => {
    const out = await temporaryFolder();
    const { recorder } = openRecorder(out);
    await recorder.start(description);
    const page = await readFile(await writeReport(out), 'utf8');
    expect(textOf(page)).toContain('Running, as of 2026-01-02 03:04 UTC.');
    expect(dataOf(page)).toEqual({ charts: [] });
  });

  it('passes over sample grids whose files are gone', async () => {
    const out = await temporaryFolder();
    await recordRun(out);
    await rm(join(out, 'samples', 'step-0000060'), { recursive: true });
    const { samples } = dataOf(await readFile(await writeReport(out), 'utf8'));
    expect(samples.steps.map(({ step }: { step: number }) => step)).toEqual([30]);
  });

  it('escapes what users have named', async () => {
    const out = await temporaryFolder();
    const settings = { a: `/pictures/${hostile}`, [hostile]: [hostile, { file: hostile }] };
    const named = { ...description, pair: hostile, domains: [hostile, hostile] as const, settings, data: settings };
    await recordRun(out, named, [{ code: hostile, message: hostile, advice: hostile }]);
    const page = await readFile(await writeReport(out), 'utf8');
    expect(page).not.toContain('<img');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(dataOf(page).samples.columns[0].title).toBe(`A ${hostile}`);
    expect(page).toContain('&#60;/script&#62;&#60;img src=x onerror=&#34;');
  });

  it('stands at every checkpoint; one that cannot be written is a warning and stops nothing', async () => {
    const out = await temporaryFolder();
    const { recorder, clock } = openRecorder(out, { report: true });
    await recorder.start(description);
    await takeSteps(recorder, clock, 1, 25);
    expect(textOf(await readFile(join(out, 'report.html'), 'utf8'))).toContain('step 25 of 60');
    await rm(join(out, 'report.html'));
    await mkdir(join(out, 'report.html', 'in the way'), { recursive: true });
    await takeSteps(recorder, clock, 26, 60);
    await recorder.flush();
    await rm(join(out, 'report.html'), { recursive: true });
    expect(textOf(await readFile(await writeReport(out), 'utf8'))).toMatch(
      /report\.html could not be written: .* step 50/,
    );
  });

  it('is not made of a folder without a run', async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, 'notes.txt'), 'nothing');
    await expect(writeReport(out)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

describe('what a report leaves out', () => {
  it('is sample steps between evenly spread ones, never the first or the last', () => {
    const dense = Array.from({ length: 20 }, (_, at) => ({ step: 9000 + 50 * at }));
    const steps = [...Array.from({ length: 10 }, (_, at) => ({ step: 1000 * at })), ...dense];
    const chosen = spreadEvenly(steps, 11).map(({ step }) => step);
    expect(chosen).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 9950]);
    expect(spreadEvenly(steps, 99)).toBe(steps);
  });

  it('is single lines of a long history, whose range stays', async () => {
    const out = await temporaryFolder();
    const { recorder } = openRecorder(out, { every: 1 });
    await recorder.start({ ...description, steps: 1000 });
    const timing = { images: 2, ms: 10, waitMs: 0, rates: {} };
    for (let step = 1; step <= 1000; step++)
      await recorder.step({ step, epoch: 1, losses: { G: step === 500 ? 9 : 1 }, ...timing });
    await recorder.dispose();
    const { charts } = dataOf(await readFile(await writeReport(out), 'utf8'));
    const { points } = charts[0].series[0];
    expect(points).toHaveLength(334);
    expect(points.find(([step]: [number]) => step === 501)).toEqual([501, 3.6667, 1, 9]);
  });
});

describe('the curves of the page', async () => {
  const { smooth, roundTicks, logTicks, valueRange, nearestIndex } = await import(
    pathToFileURL(join(import.meta.dirname, '../../src/training/records/page-curves.js')).href
  );

  it('are smoothed with a start that is not pulled to zero, and not at all when they are few points', () => {
    const points = Array.from({ length: 40 }, (_, at) => [at, 5, 5, 5]);
    for (const [, value] of smooth(points, 0.9)) expect(value).toBeCloseTo(5, 9);
    const spike = points.map(([step], at) => [step, at === 20 ? 15 : 5]);
    expect(smooth(spike, 0.9)[20][1]).toBeCloseTo(5 + (10 * 0.1) / (1 - 0.9 ** 21), 9);
    expect(smooth(spike.slice(10, 30), 0.9)[10][1]).toBe(15);
  });

  it('have round ticks within their range', () => {
    expect(roundTicks([0, 20_000], 5)).toEqual([0, 5000, 10_000, 15_000, 20_000]);
    expect(logTicks([0.4, 6])).toEqual([0.5, 1, 2, 5]);
    expect(logTicks([1e-6, 1.5])).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1].map(tick => expect.closeTo(tick, 9)));
    expect(logTicks([0.2, 0.28])).toHaveLength(5);
  });

  it('show a range that one spike does not flatten, with all levels of comparison', () => {
    const points = Array.from({ length: 100 }, (_, at) => [at, at === 50 ? 1000 : 1 + at / 100, 0, 0]);
    const chart = { series: [{ name: 'a', points }], references: [{ value: 2.5 }], fromZero: false };
    const [low, high] = valueRange(chart, false);
    expect([low, high]).toEqual([0, expect.closeTo(2.65, 5)]);
    expect(nearestIndex([0, 10, 20], 14)).toBe(1);
  });
});

const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
  name => spawnSync(name, ['--version']).status === 0,
);

describe('in a browser', () => {
  it.skipIf(!browser)(
    'the page draws curves and samples, without an error, of hostile names too (skipped where there is no Chromium)',
    async () => {
      const out = await temporaryFolder();
      await recordRun(out, { ...description, pair: hostile });
      const url = pathToFileURL(await writeReport(out)).href;
      const args = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(out, 'profile')}`];
      const [dom, log] = await new Promise<[string, string]>((resolve, reject) => {
        const rest = ['--enable-logging=stderr', '--virtual-time-budget=2000', '--dump-dom', url];
        execFile(browser!, [...args, ...rest], { maxBuffer: 64e6 }, (error, stdout, stderr) =>
          error ? reject(error) : resolve([stdout, stderr]),
        );
      });
      expect(log.split('\n').filter(line => line.includes('CONSOLE'))).toEqual([]);
      expect(dom.match(/<path class="curve" d="M[\d. ]+L/g)).toHaveLength(8);
      expect(dom).toMatch(/<output[^>]*>step 60<\/output>/);
      expect(dom.match(/<canvas width="8" height="8">/g)).toHaveLength(6);
      expect(dom).toContain('&lt;/script&gt;&lt;img src=x');
      expect(dom).not.toContain('<title>owned');
    },
    60_000,
  );
});
