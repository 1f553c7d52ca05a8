/**
 * The data sets that the authors of CycleGAN published: where each lies, what is in it, and what may be done with it.
 * A table, and the way to find a row. Names and addresses are those of the reference implementation's download script
 * (junyanz/pytorch-CycleGAN-and-pix2pix, datasets/download_cyclegan_dataset.sh); sizes, hashes and numbers of images
 * are those that TensorFlow Datasets recorded of the same files (cycle_gan 3.0.0). No image of them is part of cyclebox.
 */
import { CycleboxError, didYouMean } from '../base/index.js';

/** The folders of a data set, in the order in which they are told. A and B are its two domains. */
export const datasetFolders = ['trainA', 'trainB', 'testA', 'testB'] as const;
export type DatasetFolder = (typeof datasetFolders)[number];
export type ImageCounts = Readonly<Record<DatasetFolder, number>>;

export interface PublishedDataset {
  readonly name: string;
  /** What the images show: A, then B, where there is a B. */
  readonly shows: readonly string[];
  /** What `cyclebox train` would call the pair, and which of the two domains it would call A; none to train on: undefined. */
  readonly pair?: { readonly id: string; readonly a: 'A' | 'B' };
  /** Images in each folder; undefined where nobody recorded it. */
  readonly images?: ImageCounts;
  /** Of the archive, as published; undefined where nobody recorded it: then the first pull pins it. */
  readonly sizeBytes?: number;
  readonly sha256?: string;
  /** Where the images come from and what may be done with them, as far as the publishers say. */
  readonly licence: string;
  /** Why it cannot be fetched, and what to do instead. */
  readonly withheld?: string;
}

/** What all addresses of the collection begin with; `datasets/NAME.zip` follows. */
export const publishedBase = 'https://efrosgans.eecs.berkeley.edu/cyclegan/';

const imagenet =
  'The photographs are from ImageNet, which gives access for non-commercial research and education only; ' +
  'they belong to those who took them. The collection adds no licence of its own.';
const flickr =
  'The photographs are from Flickr and belong to those who took them; the collection names no licence. Published for research.';
const paintings = (artist: string) =>
  `The paintings (${artist}) are from WikiArt, the photographs from Flickr and belong to those who took them; ` +
  'the collection names no licence. Published for research.';

const counts = (trainA: number, trainB: number, testA: number, testB: number): ImageCounts => ({
  trainA,
  trainB,
  testA,
  testB,
});

export const datasets: readonly PublishedDataset[] = [
  {
    name: 'horse2zebra',
    shows: ['horses', 'zebras'],
    pair: { id: 'horse-zebra', a: 'A' },
    images: counts(1067, 1334, 120, 140),
    sizeBytes: 116_867_962,
    sha256: 'a74d9d392eecca9966b51287a76ca126af473d9de4f3e8fc0e9cda08fa1730a1',
    licence: imagenet,
  },
  {
    name: 'apple2orange',
    shows: ['apples', 'oranges'],
    pair: { id: 'apple-orange', a: 'A' },
    images: counts(995, 1019, 266, 248),
    sizeBytes: 78_456_409,
    sha256: '845a191e9af8926408ea597001cd03a452e3300a1f44a79fe329b3d59f6e3eb8',
    licence: imagenet,
  },
  {
    name: 'summer2winter_yosemite',
    shows: ['Yosemite in summer', 'Yosemite in winter'],
    pair: { id: 'winter-summer', a: 'B' },
    images: counts(1231, 962, 309, 238),
    sizeBytes: 132_640_856,
    sha256: '167fe1726807a9d22bd106b4a6c0bd7953b688af924ac1bf967439c4961e49f9',
    licence: flickr,
  },
  {
    name: 'monet2photo',
    shows: ['paintings by Monet', 'photographs of landscapes'],
    pair: { id: 'photo-monet', a: 'B' },
    images: counts(1072, 6287, 121, 751),
    sizeBytes: 305_231_073,
    sha256: '88f91b00fc228f97c9411fbf1880ec1d119c98f1722e4cfcfaa2fb35fac05b04',
    licence: paintings('Claude Monet, 1840-1926'),
  },
  {
    name: 'cezanne2photo',
    shows: ['paintings by Cézanne', 'photographs of landscapes'],
    pair: { id: 'photo-cezanne', a: 'B' },
    images: counts(525, 6287, 58, 751),
    sizeBytes: 279_885_071,
    sha256: '3a6c10ca21f9485862f1cbd707744b9dc258954a04631271d23a3605eeb63cff',
    licence: paintings('Paul Cézanne, 1839-1906'),
  },
  {
    name: 'vangogh2photo',
    shows: ['paintings by van Gogh', 'photographs of landscapes'],
    pair: { id: 'photo-vangogh', a: 'B' },
    images: counts(400, 6287, 400, 751),
    sizeBytes: 306_590_349,
    sha256: '362c3473e70be0944bda08d49d660eafdc2854df55d697835b8186d1d79caaff',
    licence: paintings('Vincent van Gogh, 1853-1890'),
  },
  {
    name: 'ukiyoe2photo',
    shows: ['ukiyo-e prints', 'photographs of landscapes'],
    pair: { id: 'photo-ukiyoe', a: 'B' },
    images: counts(562, 6287, 263, 751),
    sizeBytes: 292_946_532,
    sha256: '02a2a2fb5ecf425ca1bf86aca7304377da64a2a1d3b86df54eb65e4068bf3b08',
    licence: paintings('ukiyo-e, several artists'),
  },
  {
    name: 'iphone2dslr_flower',
    shows: ['flowers by telephones', 'flowers by cameras with shallow focus'],
    pair: { id: 'phone-camera', a: 'A' },
    images: counts(1812, 3325, 569, 480),
    sizeBytes: 339_964_458,
    sha256: '8fcb5e374d631b107e1d961b8c4cd0a186aa2a4ff3e279923f4c426128de7113',
    licence: flickr,
  },
  {
    name: 'maps',
    shows: ['aerial photographs', 'street maps'],
    pair: { id: 'aerial-map', a: 'A' },
    images: counts(1096, 1096, 1098, 1098),
    sizeBytes: 1_476_754_427,
    sha256: '639534f69dbf9f36bef8d6292a7698006361221f83f0285d7c9ca78afe6e8a9e',
    licence:
      'Taken from Google Maps, whose terms do not allow copies to be passed on; the collection names no licence. Published for research.',
  },
  {
    name: 'facades',
    shows: ['photographs of facades', 'their parts as colours'],
    pair: { id: 'facade-label', a: 'A' },
    images: counts(400, 400, 106, 106),
    sizeBytes: 35_135_868,
    sha256: '9a31ebf3a31b9b5cd195dd5bf62e9308e00cb94604d1019e3889ac84248695c0',
    licence:
      'From the CMP Facade Database (Tyleček and Šára, http://cmp.felk.cvut.cz/~tylecr1/facade), whose page says what may be done with it. Cite its authors.',
  },
  {
    name: 'ae_photos',
    shows: ['photographs of landscapes by Alexei Efros'],
    licence:
      'Photographs by Alexei Efros, to try models on; the collection names no licence. Nothing to train on is in it.',
  },
  {
    name: 'cityscapes',
    shows: ['street scenes', 'their parts as colours'],
    pair: { id: 'street-label', a: 'A' },
    images: counts(2975, 2975, 500, 500),
    licence: 'Cityscapes: for registered users and non-commercial purposes only (https://www.cityscapes-dataset.com).',
    withheld:
      'Its licence forbids passing it on, so the collection no longer has it. Register at https://www.cityscapes-dataset.com, ' +
      'download gtFine_trainvaltest.zip and leftImg8bit_trainvaltest.zip, put the images into folders trainA, trainB, testA and ' +
      'testB, and give their folder with --from.',
  },
];

/** @throws CycleboxError DATASET_NOT_FOUND, with the name that was probably meant */
export function findDataset(name: string): PublishedDataset {
  const found = datasets.find(dataset => dataset.name === name);
  if (found) return found;
  const known = datasets.map(dataset => dataset.name);
  throw new CycleboxError(
    'DATASET_NOT_FOUND',
    `There is no data set "${name}"; known are ${known.join(', ')}.${didYouMean(name, known)}`,
  );
}
