/**
 * What of the pairs that come with cyclebox cannot be read off their models: where their images come from, under which terms,
 * and what is measured of them besides style and content. Folders are those that the commands of the model cards make.
 */

/**
 * @typedef {{ readonly prepare: string, readonly trainA: string, readonly trainB: string, readonly testA: string,
 *   readonly testB: string, readonly data: string, readonly on: readonly [string, string],
 *   readonly measure?: string, readonly evaluate?: string }} PairFacts
 *   `data`: the images' licence; `on`: the held-out images of either domain, in words; `measure`: a command of its own kind,
 *   which writes into the folder JUDGED; `evaluate`: further options of `cyclebox evaluate`
 * @type {Readonly<Record<string, PairFacts>>}
 */
export const pairFacts = {
  'horse-zebra': {
    ...pulled('horse2zebra', 'A'),
    data: 'photographs of ImageNet (horse2zebra), for non-commercial research only; they are not part of this repository',
    on: ['120 photographs of horses', '140 photographs of zebras'],
    measure:
      'npm run -s classify:horse-zebra -- --classifier DIR --data datasets/horse2zebra --json > JUDGED/classified.json',
  },
  'photo-monet': {
    ...pulled('monet2photo', 'B'),
    data: 'photographs from Flickr and paintings from WikiArt (monet2photo), published for research; they are not part of this repository',
    on: ['photographs of landscapes', 'paintings by Monet'],
  },
  'winter-summer': {
    ...pulled('summer2winter_yosemite', 'B'),
    data: 'photographs from Flickr (summer2winter_yosemite), published for research; they are not part of this repository',
    on: ['photographs of Yosemite in winter', 'photographs of Yosemite in summer'],
  },
  'satellite-map': {
    prepare: 'npm run dataset:satellite-map\nnpm run dataset:satellite-map -- --size 256 --out data/satellite-map-wide',
    trainA: 'data/satellite-map-wide/a',
    trainB: 'data/satellite-map-wide/b',
    testA: 'data/satellite-map/holdout/satellite',
    testB: 'data/satellite-map/holdout/map',
    data: 'NASA Blue Marble and topography (not copyrighted), Natural Earth (public domain)',
    on: ['held-out places', 'held-out places'],
    measure:
      'npm run evaluate:satellite-map -- --to-map models/satellite-map/to-map.onnx --to-satellite models/satellite-map/to-satellite.onnx --out JUDGED/strip',
  },
};

/** Folders of a set that `cyclebox dataset pull` fetches. @param {string} name @param {'A' | 'B'} a which side is the pair's first */
function pulled(name, a) {
  const b = a === 'A' ? 'B' : 'A';
  const at = folder => `datasets/${name}/${folder}`;
  const train = { trainA: at(`train${a}`), trainB: at(`train${b}`) };
  return { prepare: `npx cyclebox dataset pull ${name}`, ...train, testA: at(`test${a}`), testB: at(`test${b}`) };
}
