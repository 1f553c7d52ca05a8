/**
 * One image of 256² through each model of the pairs that come along: float32 as it runs from the third image of a size on, float32 as ONNX
 * Runtime itself runs it, and int8 by the model's calibration, in turns.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256File } from '../dist/base/index.js';
import { openEngine } from '../dist/engine/index.js';
import { openOnnxEngine } from '../dist/engine/onnx/index.js';
import { readCalibration } from '../dist/model-files/int8/index.js';
import { inTurns, noise } from './measure.mjs';

const models = fileURLToPath(new URL('../models', import.meta.url));
const size = 256;
/** The program for one size is made for the third image. */
const untilTailored = 4;

/** @param {{ threads: number, rounds: number }} options */
export async function precisionRows({ threads, rounds }) {
  const engine = await openEngine('cpu', { threads });
  const plain = await openOnnxEngine({ provider: 'cpu', threads, tailoring: false });
  const rows = [];
  for (const file of modelFiles()) {
    const bytes = readFileSync(file);
    const calibration = await readCalibration(file, await sha256File(file));
    if (!calibration) continue;
    const model = { bytes, name: file };
    const programs = [
      await engine.load(model),
      await plain.load(model),
      await engine.load(model, { precision: 'int8', ranges: calibration.convolutions }),
    ];
    for (let time = 0; time < untilTailored; time++) await programs[0].run(imageFor(programs[0]));
    const candidates = programs.map(program => ({ name: file, run: () => program.run(imageFor(program)) }));
    const [tailored, anySize, int8] = (await inTurns(candidates, { rounds })).map(({ medianMs }) => medianMs);
    for (const program of programs) await program.dispose();
    rows.push({
      model: `${basename(dirname(file))}/${basename(file, '.onnx')}`,
      psnr: calibration.psnr,
      int8Ms: int8,
      tailoredMs: tailored,
      anySizeMs: anySize,
      ofTailored: int8 / tailored,
      ofAnySize: int8 / anySize,
    });
  }
  await engine.dispose();
  await plain.dispose();
  return rows;
}

function modelFiles() {
  const files = readdirSync(models, { recursive: true, encoding: 'utf8' });
  return files
    .filter(file => file.endsWith('.onnx'))
    .sort()
    .map(file => join(models, file));
}

const image = noise([1, 3, size, size]);

/** @param {import('../dist/engine/index.js').Program} program */
function imageFor({ inputs }) {
  return { [inputs[0]]: image };
}
