/**
 * `npm run ship:pair -- --pair ID [--plugin DIR [--to DOMAIN]] [--judged DIR] [--scale native|trained|PIXELS]`: puts a trained pair into this
 * repository: its models into the store, with their weights as float16; sums, sizes, fit, quality and licence into the
 * manifest; commands and figures into the model card. It trains and measures nothing: run it before and after measuring.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cardPart, writeCard } from './card.mjs';
import { qualityOf, readFigures } from './figures.mjs';
import { exportWeights, holdsWeights } from './from-weights.mjs';
import { readStored, storeModel } from './models.mjs';
import { pairFacts } from './pairs.mjs';

const { values } = parseArgs({
  options: {
    pair: { type: 'string' },
    plugin: { type: 'string' },
    to: { type: 'string' },
    judged: { type: 'string' },
    scale: { type: 'string' },
    'warm-start': { type: 'string' },
    root: { type: 'string', default: join(import.meta.dirname, '../..') },
  },
});

await main();

async function main() {
  const facts = pairFacts[values.pair];
  if (!facts)
    throw new RangeError(
      `--pair is ${values.pair ?? 'missing'}; it must be one of ${Object.keys(pairFacts).join(', ')}.`,
    );
  const folder = join(values.root, 'plugins', values.pair);
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const pair = manifest.contributes.domainPairs.find(({ id }) => id === values.pair);
  const directions = Object.keys(pair.models).map(to => ({ to, from: pair.domains.find(domain => domain !== to) }));
  const store = join(values.root, 'models');
  const taken = directions.filter(({ to }) => (values.to ?? to) === to);
  if (taken.length === 0)
    throw new RangeError(`--to is ${values.to}; it must be one of ${pair.domains.join(' and ')}.`);
  if (values.plugin) await storeAll(resolve(values.plugin), store, pair, taken);
  const models = [];
  for (const { from, to } of directions) {
    const isFirst = to === pair.domains[1];
    const stored = await readStored(store, pair.models[to].path, from, to, isFirst);
    const measured = await readFigures(resolve(values.judged ?? `runs/${values.pair}/judged`), to);
    const [inWords] = isFirst ? facts.on : facts.on.toReversed();
    models.push({ ...stored, ...measured, on: onImages(measured.images, inWords) });
  }
  for (const model of models) pair.models[model.to] = contributionOf(model, pair.models[model.to], facts);
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const first = models.toSorted((x, y) => Number(y.isFirst) - Number(x.isFirst));
  await writeCard(folder, cardPart(values.pair, pair.domains, facts, first, values['warm-start']));
  console.log(`Wrote ${join(folder, 'package.json')} and its README.md`);
}

async function storeAll(plugin, store, { id: pair, domains, models }, directions) {
  const folder = holdsWeights(plugin)
    ? await exportWeights(plugin, { pair, domains }, join(plugin, 'exported'))
    : plugin;
  for (const { from, to } of directions) {
    const samples = [`${from}-to-${to}`, `${to}-to-${from}`];
    await storeModel(join(folder, `to-${to}.onnx`), join(store, models[to].path), samples);
  }
}

/** `120 photographs of horses`, also where the number is told by the words. */
function onImages(images, words) {
  return images === undefined || /^\d/.test(words) ? words : `${images} ${words}`;
}

/** What was chosen by hand, such as the scale, stays unless it is given. */
function contributionOf({ path, sha256, sizeBytes, trainedSize, cropSize, figures, on }, before, facts) {
  const scale = values.scale ?? before.fit?.scale;
  const fit = { trainedSize, cropSize, scale: Number(scale) || scale };
  const known = Object.fromEntries(Object.entries(fit).filter(([, value]) => value !== undefined));
  const quality = qualityOf(on, figures) ?? before.quality;
  // What a calibration for int8 says holds for one file.
  const precisions = before.sha256 === sha256 ? before.precisions : undefined;
  return {
    ...{ path, sha256, size: sizeBytes },
    ...(Object.keys(known).length > 0 && { fit: known }),
    ...(quality && { quality }),
    licence: { weights: 'MIT', data: facts.data },
    ...(precisions && { precisions }),
  };
}
