/** Training on a device whose memory ends: the CPU, which is made to say so at a step of the test's choosing. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { CycleboxError } from '../../src/base/index.js';
import { type Engine, openEngine, type Program } from '../../src/engine/index.js';
import { Trainer, type TrainingOptions } from '../../src/training/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { plainTraining, writePlainImages } from '../support/training-run.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  await writePlainImages(folder, 72);
});

const asked = (more: Partial<TrainingOptions> = {}) => plainTraining(folder, more);

const noMemory = () => new CycleboxError('OUT_OF_MEMORY', 'Failed to allocate a buffer.');

interface Limits {
  /** Programs that can be compiled. */
  readonly programs?: number;
  /** Runs, over all programs. */
  readonly runs?: number;
}

/** The CPU's engine with memory for so much and no more; counts how many are open. */
function limited({ programs = 1e9, runs = 1e9 }: Limits, open = { count: 0 }): typeof openEngine {
  let [compiled, ran] = [0, 0];
  const limitedProgram = (program: Program): Program => ({
    inputs: program.inputs,
    outputs: program.outputs,
    metadata: program.metadata,
    dispose: () => program.dispose(),
    run: inputs => (++ran > runs ? Promise.reject(noMemory()) : program.run(inputs)),
  });
  return async () => {
    const real: Engine = await openEngine('cpu', { threads: 1 });
    open.count++;
    return {
      id: real.id,
      device: { ...real.device, name: 'A small card' },
      createState: initial => real.createState(initial),
      load: (model, how) => real.load(model, how),
      releaseCaches: () => real.releaseCaches(),
      compile: async (graph, how) => {
        if (++compiled > programs) throw noMemory();
        return limitedProgram(await real.compile(graph, how));
      },
      dispose: async () => {
        open.count--;
        await real.dispose();
      },
    };
  };
}

test.each([
  [
    { size: 64, batch: 2 },
    /^Training red-blue with batch 2, crops of 64, width 4 .* A small card .*--batch 1, .*--size 32\.$/,
  ],
  [{ size: 64, batch: 1 }, /batch 1, crops of 64, .*Give --size 32, .*a --width below 4\.$/],
  [{ size: 32, batch: 1 }, /batch 1, crops of 32, .*Give a --width below 4\.$/],
])('too little memory for %j is answered with what to lower', async (settings, message) => {
  const trainer = await Trainer.create(asked(settings), { openEngine: limited({ runs: 0 }) });
  try {
    await expect(trainer.run()).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(message),
    });
  } finally {
    await trainer.dispose();
  }
});

test('memory that ends while the steps are compiled is answered alike, and the device is closed', async () => {
  const open = { count: 0 };
  const created = Trainer.create(asked(), { openEngine: limited({ programs: 1 }, open) });
  await expect(created).rejects.toMatchObject({ code: 'OUT_OF_MEMORY', message: expect.stringContaining('--width') });
  expect(open.count).toBe(0);
});

test('memory that ends in the middle leaves the last checkpoint, from which a resumed run goes on', async () => {
  // Two runs a step: the third step has no room. The two before it each leave a checkpoint.
  const trainer = await Trainer.create(asked({ ema: 0 }), { openEngine: limited({ runs: 4 }), checkpointEvery: 0 });
  await expect(trainer.run()).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  await trainer.dispose();

  const resumed = await Trainer.resume(join(folder, 'run'), {}, { threads: 1 });
  try {
    expect(resumed.step).toBe(2);
    expect(await readdir((await resumed.run())!)).toContain('to-red.onnx');
  } finally {
    await resumed.dispose();
  }
});
