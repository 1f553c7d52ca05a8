import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { findBenchDevices } from '../../src/diagnosis/bench-devices.js';
import { type BenchReport, bench, type TranslationRow } from '../../src/diagnosis/index.js';
import { timeRuns } from '../../src/diagnosis/run-times.js';
import { cyclebox, project } from '../support/project.js';

const failingEntry = join(packageRoot, 'test/fixtures/diagnosis/failing-bench.mjs');

async function benchInJson(root: string, ...args: string[]) {
  const { code, out, err } = await cyclebox(root, 'bench', '--json', '--seconds', '0.05', ...args).ended;
  return { code, err, report: (out === '' ? undefined : JSON.parse(out)) as BenchReport };
}

const model = async () => join(await project(), 'plugins/day-night/to-night.onnx');

describe('cyclebox bench', () => {
  test('measures the pair that has a model at each size, and training steps, on the engine named', async () => {
    const root = await project();
    const net = ['--crop', '32', '--width', '4', '--blocks', '1', '--batch', '1,2'];
    const asked = ['--plugins', 'plugins', '--engine', 'cpu', '--size', '32,64', '--training', ...net];
    const { code, err, report } = await benchInJson(root, ...asked);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(report.model).toEqual({
      path: join(root, 'plugins/day-night/to-night.onnx'),
      pair: 'day-night',
      to: 'night',
    });
    const place = { engine: 'cpu', device: 'cpu' };
    expect(report.translation).toMatchObject([
      { ...place, size: 32, precision: 'float32', tiles: 1 },
      { ...place, size: 64, precision: 'float32', tiles: 1 },
    ]);
    expect(report.training).toMatchObject([
      { ...place, size: 32, width: 4, blocks: 1, batch: 1 },
      { ...place, size: 32, width: 4, blocks: 1, batch: 2 },
    ]);
    for (const row of [...report.translation, ...report.training]) {
      if ('reason' in row) throw new Error(row.reason);
      expect(row.loadMs).toBeGreaterThan(0);
      expect(row.firstMs).toBeGreaterThan(0);
      expect(row.runs).toBeGreaterThanOrEqual(1);
      expect(row.lowMs).toBeLessThanOrEqual(row.medianMs);
      expect(row.medianMs).toBeLessThanOrEqual(row.highMs);
      const perSecond = 'batch' in row ? row.stepsPerSecond : row.imagesPerSecond;
      expect(perSecond * row.medianMs).toBeCloseTo(1000, 6);
      if ('batch' in row) expect(row.imagesPerSecond).toBeCloseTo(2 * row.batch * row.stepsPerSecond, 6);
    }
    expect(report.devices).toMatchObject([{ device: { id: 'cpu' } }]);
  });

  test('as text, has a heading and a line for each row', async () => {
    const root = await project();
    const args = ['--plugins', 'plugins', '--engine', 'cpu', '--size', '32', '--seconds', '0.05'];
    const { code, out } = await cyclebox(root, 'bench', ...args).ended;
    expect(code).toBe(0);
    expect(out).toMatch(/^day-night, to night; each figure from 0\.05 s of runs; CPU: .+, \d+ threads$/m);
    expect(out).toMatch(/^device +image +precision +images\/s +ms /m);
    expect(out).toMatch(/^cpu +32 × 32 +float32 +[\d.]+ +[\d.]+ \([\d.]+–[\d.]+\) +[\d.]+ +[\d.]+$/m);
  });

  test('without engines named, as text, has what the machine lacks in one line', async () => {
    const root = await project();
    const { out } = await cyclebox(root, 'bench', '--plugins', 'plugins', '--size', '32', '--seconds', '0.02').ended;
    const elsewhere = process.platform === 'darwin' ? 'directml' : 'coreml';
    expect(out).toMatch(new RegExp(`^not here: .*${elsewhere}.* \\("cyclebox doctor" says why\\)$`, 'm'));
    expect(out).not.toContain(`${elsewhere} is not measured`);
  });

  test('says why an engine that was named cannot be measured, measures the others, and exits with 1', async () => {
    const root = await project();
    const { code, report } = await benchInJson(root, '--plugins', 'plugins', '--size', '32', '--engine', 'cpu,coreml');
    expect(code).toBe(1);
    expect(report.translation).toMatchObject([{ device: 'cpu', imagesPerSecond: expect.any(Number) }]);
    expect(report.leftOut).toEqual([{ choice: 'coreml', reason: expect.stringContaining('cannot be used here') }]);
  });

  test('refuses what it cannot use', async () => {
    const root = await project();
    const cases = [
      [['--engine', 'gpu'], 'There is no engine "gpu"'],
      [['--crop', '64'], '--crop is about training: give --training, too.'],
      [['--size', '256,large'], 'whole number'],
      [['--precision', 'int4'], 'float32, float16 or int8'],
      [['--pair', 'day-nite'], 'day-night'],
    ] as const;
    for (const [args, words] of cases) {
      const { code, err } = await benchInJson(root, '--plugins', 'plugins', ...args);
      expect([code, err]).toEqual([2, expect.stringContaining(words)]);
    }
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at once by %s, with %i', async (signal, expected) => {
    const root = await project();
    const args = ['--plugins', 'plugins', '--engine', 'cpu', '--size', '32,64', '--seconds', '60'];
    const running = cyclebox(root, 'bench', ...args);
    await running.heard('each figure from 60 s');
    running.child.kill(signal);
    const { code, err } = await running.ended;
    expect({ code, err }).toEqual({ code: expected, err: '' });
  });

  test('with a model file that is not there says so before it looks for devices', async () => {
    const { code, out, err } = await cyclebox(await project(), 'bench', '--model', 'no.onnx').ended;
    const message = 'MODEL_MISSING: The model file no.onnx does not exist. Check the path.\n';
    expect({ code, out, err }).toEqual({ code: 1, out: '', err: message });
  });
});

describe('a measurement', () => {
  const measure = async (sizes: readonly number[], timeoutMs?: number): Promise<readonly TranslationRow[]> => {
    const options = { engines: ['cpu'], entry: failingEntry, budgetMs: 20, sizes, timeoutMs } as const;
    return (await bench({ model: await model(), ...options })).translation;
  };

  test('that crashes its process costs its own row', async () => {
    expect(await measure([64, 32])).toEqual([
      {
        engine: 'cpu',
        device: 'cpu',
        size: 64,
        precision: 'float32',
        reason: expect.stringMatching(/ended (by|with)/),
      },
      expect.objectContaining({ size: 32, imagesPerSecond: expect.any(Number) }),
    ]);
  });

  test('that hangs is given up', async () => {
    expect(await measure([96, 32], 1500)).toMatchObject([
      { size: 96, reason: 'It took longer than 2 s.' },
      { size: 32, imagesPerSecond: expect.any(Number) },
    ]);
  });

  test('in a precision that the engine lacks says so', async () => {
    const options = { engines: ['tfjs'], precisions: ['float16'], sizes: [32], budgetMs: 20 } as const;
    const { translation } = await bench({ model: await model(), ...options });
    expect(translation).toMatchObject([
      { device: 'tfjs', precision: 'float16', reason: expect.stringContaining('float16') },
    ]);
  });

  test('that was cancelled begins no further row', async () => {
    const stop = new AbortController();
    const rows: unknown[] = [];
    const onRow = (row: unknown) => {
      rows.push(row);
      stop.abort();
    };
    const options = { engines: ['cpu'], sizes: [32, 64], budgetMs: 20, signal: stop.signal, onRow } as const;
    await expect(bench({ model: await model(), ...options })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(rows).toHaveLength(1);
  });

  test('without engines named, is of every device that works; the others are named with the reason', async () => {
    const { devices, leftOut } = await findBenchDevices(undefined);
    const ids = devices.map(({ device }) => device.id);
    expect(ids).toContain('cpu');
    const elsewhere = process.platform === 'darwin' ? 'directml' : 'coreml';
    expect(leftOut).toContainEqual({
      choice: elsewhere,
      reason: expect.stringContaining('It exists on'),
      fault: false,
    });
    expect(leftOut.filter(({ choice }) => ids.includes(choice))).toEqual([]);
  });
});

describe('the times of repeated runs', () => {
  /** Each run takes the next of these milliseconds. */
  function clock(durations: readonly number[]) {
    let nowMs = 0;
    const left = [...durations];
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    onTestFinished(() => spy.mockRestore());
    return async () => {
      nowMs += left.shift() ?? Number.NaN;
    };
  }

  test('are the median and the 10th and 90th percentiles; the first run is told apart', async () => {
    const times = [500, 30, 10, 20, 50, 40, 70, 60, 80, 100, 90];
    expect(await timeRuns(clock(times), 550)).toEqual({ firstMs: 500, runs: 10, medianMs: 60, lowMs: 20, highMs: 90 });
  });

  test('are of three runs at least, unless those would take five times the budget', async () => {
    expect(await timeRuns(clock([1, 15, 15, 15]), 10)).toMatchObject({ runs: 3, medianMs: 15 });
    expect(await timeRuns(clock([1, 45, 45]), 10)).toMatchObject({ runs: 2 });
    expect(await timeRuns(clock([1, 45, 5, 7]), 10)).toMatchObject({ runs: 2 });
    expect(await timeRuns(clock([1, 900]), 10)).toEqual({
      firstMs: 1,
      runs: 1,
      medianMs: 900,
      lowMs: 900,
      highMs: 900,
    });
  });
});

test('the figures that docs/cli.md names are those of the report', () => {
  const page = readFileSync(join(packageRoot, 'docs/cli.md'), 'utf8');
  for (const key of [
    'imagesPerSecond',
    'stepsPerSecond',
    'medianMs',
    'lowMs',
    'highMs',
    'loadMs',
    'firstMs',
    'leftOut',
  ])
    expect(page).toContain(`\`${key}\``);
});
