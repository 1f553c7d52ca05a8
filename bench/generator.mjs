/**
 * One image through the generator: our export against the file that PyTorch would write, on the same runtime with the
 * same settings, and the time it takes to load each.
 */
import { Random } from '../dist/base/index.js';
import { initialise } from '../dist/nets/index.js';
import { encodeGenerator } from '../dist/training/generator-model.js';
import { inTurns, noise, timed } from './measure.mjs';
import { plainGenerator } from './plain-generator.mjs';

/**
 * @param {import('../dist/engine/index.js').Engine} engine
 * @param {{ width: number, blocks: number, size: number, rounds: number, exported?: Uint8Array | undefined }} options
 *   `exported`: a file that PyTorch wrote
 */
export async function generatorRows(engine, { width, blocks, size, rounds, exported }) {
  const files = [
    { name: 'cyclebox export', bytes: ownGenerator(width, blocks) },
    { name: 'plain export', bytes: plainGenerator({ width, blocks, size }) },
    ...(exported ? [{ name: "PyTorch's export", bytes: exported }] : []),
  ];
  const loaded = [];
  for (const file of files) {
    const { value: program, ms } = await timed(() => engine.load(file));
    loaded.push({ name: file.name, program, loadMs: ms });
  }
  const image = noise([1, 3, size, size]);
  const candidates = loaded.map(({ name, program }) => ({ name, run: () => program.run({ image }) }));
  const timings = await inTurns(candidates, { rounds });
  for (const { program } of loaded) await program.dispose();
  const plain = timings[1].medianMs;
  return timings.map(({ name, medianMs, minimumMs }, index) => ({
    name,
    what: `resnet_${blocks}, width ${width}, ${size}²`,
    loadMs: loaded[index].loadMs,
    medianMs,
    minimumMs,
    toPlain: medianMs / plain,
  }));
}

/**
 * @param {number} width
 * @param {number} blocks
 * @param {{ trainedSize?: number, upsample?: 'resize' }} [more]
 */
export function ownGenerator(width, blocks, { trainedSize, ...choices } = {}) {
  const spec = /** @type {const} */ ({
    kind: 'resnet',
    blocks,
    width,
    inputChannels: 3,
    outputChannels: 3,
    dropout: false,
    ...choices,
  });
  const weights = Object.fromEntries(
    Object.entries(initialise(spec, new Random(1))).map(([key, data]) => [key, { shape: [data.length], data }]),
  );
  return encodeGenerator({ spec, weights, pair: 'bench', from: 'a', to: 'b', trainedSize, training: {} });
}
