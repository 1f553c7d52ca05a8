/**
 * `node tools/satellite-map/untrained.mjs --a DIR --b DIR --out DIR --size N --width N --blocks N --seed N`: writes the
 * models that a training with these settings starts from, for comparison with what it ends with.
 */
import { parseArgs } from 'node:util';
import { Trainer } from '../../dist/training/index.js';

const names = ['a', 'b', 'out', 'size', 'width', 'blocks', 'seed'];
const { values } = parseArgs({ options: Object.fromEntries(names.map(name => [name, { type: 'string' }])) });
const { a, b, out, size, width, blocks, seed } = values;
const numbers = { size, width, blocks, seed };
const given = Object.entries(numbers).filter(([, text]) => text !== undefined);
const trainer = await Trainer.create({
  pair: 'satellite-map',
  a,
  b,
  out,
  loadSize: 0,
  ...Object.fromEntries(given.map(([name, text]) => [name, Number(text)])),
});
console.log(await trainer.exportPlugin());
await trainer.dispose();
