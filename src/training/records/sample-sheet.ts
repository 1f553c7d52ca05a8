/**
 * What the networks do to a few fixed images, as one PNG: for each, the image, its translation, and the translation
 * back. Images of A on the left, of B on the right.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Engine, Program, State, TensorData } from '../../engine/index.js';
import { GraphBuilder } from '../../graph/index.js';
import { encodeImage, type Picture, toByte, toByteScale } from '../../image/index.js';
import { buildNetwork } from '../../nets/index.js';
import type { Batch } from '../data/unpaired-sampler.js';
import { type CycleGanSpec, type GeneratorName, weightName } from '../recipes/cyclegan-step.js';

const gap = 2;
const columns = ['A', 'fakeB', 'recoveredA', 'B', 'fakeA', 'recoveredB'] as const;

/** Both cycles on one image of each domain, with the weights that `state` has at each run. */
export function compilePreview(engine: Engine, state: State, spec: CycleGanSpec): Promise<Program> {
  const builder = new GraphBuilder();
  const generate = (name: GeneratorName, x: Parameters<typeof buildNetwork>[1]) =>
    buildNetwork(spec.generator, x, (key, shape) => builder.variable(weightName(name, key), shape));
  const shape = [1, spec.generator.inputChannels, spec.size, spec.size];
  const fakeB = generate('G_A', builder.input('A', shape));
  const fakeA = generate('G_B', builder.input('B', shape));
  builder.output('fakeB', fakeB);
  builder.output('fakeA', fakeA);
  builder.output('recoveredA', generate('G_B', fakeB));
  builder.output('recoveredB', generate('G_A', fakeA));
  return engine.compile(builder.build(), { state });
}

/** Runs the preview on every sample (batches of one) and writes the sheet. */
export async function writeSampleSheet(path: string, preview: Program, samples: readonly Batch[]): Promise<void> {
  const rows: TensorData[][] = [];
  for (const { A, B } of samples) {
    const results: Record<string, TensorData> = { A, B, ...(await preview.run({ A, B })) };
    rows.push(columns.map(column => results[column]!));
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await encodeImage(compose(rows), { format: 'png' }));
}

function compose(rows: readonly (readonly TensorData[])[]): Picture {
  const size = rows[0]![0]!.shape[3]!;
  const width = columns.length * (size + gap) - gap;
  const height = rows.length * (size + gap) - gap;
  const rgb = new Uint8Array(width * height * 3).fill(255);
  rows.forEach((row, r) => {
    row.forEach((tile, c) => {
      paste(rgb, width, tile.data, size, c * (size + gap), r * (size + gap));
    });
  });
  return { width, height, rgb, format: 'png' };
}

function paste(rgb: Uint8Array, width: number, planes: Float32Array, size: number, left: number, top: number): void {
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const value = planes[(channel * size + y) * size + x]!;
        rgb[((top + y) * width + left + x) * 3 + channel] = toByte(toByteScale(value));
      }
    }
  }
}
