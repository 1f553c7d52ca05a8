import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HistoryEvent, historyPath, type RunHistory, readHistory } from '../../src/training/records/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { description, openRecorder, stepMs, stepValues, takeSteps } from './recorded-run.js';

const recording = fileURLToPath(new URL('../fixtures/training/recording.mjs', import.meta.url));

/** Everything but what the clock said and which sessions there were. */
function whatHappened({ sessions: _, ...history }: RunHistory): unknown {
  return JSON.parse(JSON.stringify(history, (key, value) => (key === 'atMs' ? undefined : value)));
}

async function uninterrupted(): Promise<RunHistory> {
  const out = await temporaryFolder();
  const { recorder, clock } = openRecorder(out);
  await recorder.start(description);
  await takeSteps(recorder, clock, 1, 60);
  await recorder.end(60, 'finished');
  return readHistory(out);
}

describe('the history of a run', () => {
  it('has a line of means over every ten steps', async () => {
    const { steps } = await uninterrupted();
    expect(steps.map(({ step }) => step)).toEqual([10, 20, 30, 40, 50, 60]);
    const third = [21, 22, 23, 24, 25, 26, 27, 28, 29, 30].map(stepValues);
    const mean = third.reduce((sum, { losses }) => sum + losses['G_A']!, 0) / 10;
    expect(steps[2]!.losses['G_A']).toBeCloseTo(mean, 5);
    expect(steps[2]).toMatchObject({ epoch: 6, imagesPerSecond: 20, dataWaitShare: 0.015, elapsedMs: 30 * stepMs });
    expect(steps[2]!.rates).toEqual({ generator: 2e-4, discriminator: 1e-4 });
  });

  it('is one JSON object a line, told apart by its kind', async () => {
    const out = await temporaryFolder();
    const { recorder, clock } = openRecorder(out);
    await recorder.start(description);
    await takeSteps(recorder, clock, 1, 25);
    recorder.warning(25, { code: 'slow', message: 'It is slow.', advice: 'Wait.' });
    await recorder.end(25, 'stopped', 'Interrupted.');
    const lines = (await readFile(historyPath(out), 'utf8')).trimEnd().split('\n');
    const events = lines.map(line => JSON.parse(line) as HistoryEvent);
    expect(events.map(({ kind }) => kind)).toEqual([
      'start',
      'step',
      'step',
      'evaluation',
      'checkpoint',
      'warning',
      'end',
    ]);
    expect(events[0]).toMatchObject({ ...description, atMs: Date.UTC(2026, 0, 2, 3, 4, 5) });
  });

  it('keeps a value that is no number as one', async () => {
    const out = await temporaryFolder();
    const { recorder } = openRecorder(out);
    await recorder.start(description);
    recorder.evaluation(1, { metrics: { psnr: Number.POSITIVE_INFINITY, style: 0.5 } });
    await recorder.dispose();
    expect((await readHistory(out)).evaluations[0]!.metrics).toEqual({ psnr: Number.NaN, style: 0.5 });
  });

  it('shows the steps since the last line when the run stops between two', async () => {
    const out = await temporaryFolder();
    const { recorder, clock } = openRecorder(out);
    await recorder.start(description);
    await takeSteps(recorder, clock, 1, 6);
    await recorder.checkpoint(6);
    await recorder.end(6, 'stopped');
    const { steps } = await readHistory(out);
    expect(steps).toHaveLength(1);
    expect(steps[0]).toMatchObject({ step: 6, elapsedMs: 6 * stepMs });
    expect(steps[0]!.losses['D_A']).toBeCloseTo((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5 + 1 / 6) / 6, 5);
  });

  it.each([
    ['in the middle of a line', 38],
    ['at the end of a line, with an evaluation that is made over again', 40],
    ['right after its checkpoint', 25],
  ])('of a run that was killed %s and resumed is that of one that was not', async (_, killedAt) => {
    const out = await temporaryFolder();
    const first = openRecorder(out);
    await first.recorder.start(description);
    await takeSteps(first.recorder, first.clock, 1, killedAt);
    await first.recorder.flush();
    const second = openRecorder(out);
    await second.recorder.resume(25, description);
    await takeSteps(second.recorder, second.clock, 26, 60);
    await second.recorder.end(60, 'finished');
    const resumed = await readHistory(out);
    expect(whatHappened(resumed)).toEqual(whatHappened(await uninterrupted()));
    expect(resumed.end).toMatchObject({ elapsedMs: 60 * stepMs, cpuMs: 120 * stepMs });
    expect(resumed.sessions.map(({ kind, step }) => [kind, step])).toEqual([
      ['start', 0],
      ['resume', 25],
    ]);
  });

  it('begins anew when the run does, and forgets that it had ended when it goes on', async () => {
    const out = await temporaryFolder();
    const { recorder, clock } = openRecorder(out);
    await recorder.start(description);
    await takeSteps(recorder, clock, 1, 20);
    await recorder.start({ ...description, steps: 70 });
    await takeSteps(recorder, clock, 1, 10);
    await recorder.checkpoint(10);
    await recorder.end(10, 'stopped');
    expect(await readHistory(out)).toMatchObject({ sessions: [{ steps: 70 }], steps: [{ step: 10 }], evaluations: [] });
    await recorder.resume(10, description);
    expect((await readHistory(out)).end).toBeUndefined();
  });

  it('is read up to a torn last line, wherever it is cut, and written on behind it', async () => {
    const out = await temporaryFolder();
    const { recorder, clock } = openRecorder(out);
    await recorder.start(description);
    await takeSteps(recorder, clock, 1, 20);
    await recorder.dispose();
    const whole = await readFile(historyPath(out));
    const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (const length of [lastLine + 1, lastLine + 30, whole.length - 2, whole.length - 1]) {
      await writeFile(historyPath(out), whole.subarray(0, length));
      const isWhole = length === whole.length - 1;
      const cut = await readHistory(out);
      expect([cut.evaluations.length, cut.damagedLines]).toEqual(isWhole ? [1, 0] : [0, 1]);
      const { recorder: next } = openRecorder(out);
      await next.resume(20, description);
      const { sessions, steps, damagedLines } = await readHistory(out);
      expect([sessions.length, steps.length, damagedLines]).toEqual([2, 2, isWhole ? 0 : 1]);
    }
  });

  it('passes over lines of later versions', async () => {
    const out = await temporaryFolder();
    const { recorder } = openRecorder(out);
    await recorder.start(description);
    await appendFile(historyPath(out), '{"kind":"prophecy","step":7}\n');
    expect(await readHistory(out)).toMatchObject({ sessions: [{ kind: 'start' }], damagedLines: 1 });
  });

  it('says so where there is none, and where a file is none', async () => {
    const out = await temporaryFolder();
    await expect(readHistory(out)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: expect.stringMatching(/history\.jsonl is not there: .*--out/),
    });
    await writeFile(historyPath(out), 'step,loss\n1,2\n');
    await expect(readHistory(out)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      subject: { file: historyPath(out) },
    });
  });
});

describe('a process that is killed while it records', () => {
  it('has everything up to its last checkpoint on the disk, and can be resumed from there', async () => {
    const out = await temporaryFolder();
    const first = await recordUntilKilled(out);
    const killed = await readHistory(out);
    expect(killed.checkpoints.at(-1)!.step).toBeGreaterThanOrEqual(first);
    expect(killed.steps.filter(({ step }) => step <= first && step % 10 === 0)).toHaveLength(Math.floor(first / 10));
    const second = await recordUntilKilled(out, first);
    const { steps, sessions } = await readHistory(out);
    expect(sessions.map(({ step }) => step)).toEqual([0, first]);
    const lines = Math.floor(second / 10);
    expect(steps.slice(0, lines).map(({ step }) => step)).toEqual(
      Array.from({ length: lines }, (_, at) => 10 * at + 10),
    );
  });
});

/** Returns the step of the last checkpoint that the process told of before it was killed. */
async function recordUntilKilled(out: string, from?: number): Promise<number> {
  const env = { ...process.env, FIXTURE_OUT: out, ...(from !== undefined && { FIXTURE_FROM: String(from) }) };
  const child: ChildProcess = spawn(process.execPath, [recording], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let step = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    step = Number(line);
    if (step >= (from ?? 0) + 75) child.kill('SIGKILL');
  }
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
  return step;
}

describe('a full disk', () => {
  it('is told with the file and what to do, and costs nothing once there is space again', async context => {
    const out = join(await temporaryFolder(), 'small');
    await mkdir(out);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', out]).status !== 0) {
      context.skip('no file system may be mounted here');
    }
    onTestFinished(() => void spawnSync('umount', ['-l', out]));
    const { recorder, clock } = openRecorder(out);
    await recorder.start(description);
    await takeSteps(recorder, clock, 1, 20);
    const ballast = join(out, 'ballast');
    await writeFile(ballast, Buffer.alloc(200_000)).catch(() => {});
    await takeSteps(recorder, clock, 21, 24);
    clock.advance(stepMs);
    await recorder.step(stepValues(25));
    const padding = 'x'.repeat(5000);
    recorder.warning(25, { code: 'padding', message: padding, advice: 'None.' });
    await expect(recorder.checkpoint(25)).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringMatching(/history\.jsonl could not be written: ENOSPC.* Free some space/),
    });
    expect((await readHistory(out)).damagedLines).toBe(0);
    await rm(ballast);
    await recorder.flush();
    await takeSteps(recorder, clock, 26, 60);
    await recorder.end(60, 'finished');
    const { warnings, ...history } = await readHistory(out);
    expect(warnings.map(({ message }) => message)).toEqual([padding]);
    expect(whatHappened({ ...history, warnings: [] })).toEqual(whatHappened(await uninterrupted()));
  });
});
