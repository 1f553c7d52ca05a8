/**
 * The generators that the authors of CycleGAN published: where each lies, what it translates, and what may be done with it. A
 * table, and the way to find a row. Names and addresses are those of the reference implementation's download script
 * (junyanz/pytorch-CycleGAN-and-pix2pix, scripts/download_cyclegan_model.sh). None of them is part of cyclebox.
 */
import { CycleboxError, didYouMean } from '../base/index.js';
import { findDataset } from '../datasets/index.js';

export interface PublishedModel {
  readonly name: string;
  readonly pair: string;
  readonly from: string;
  readonly to: string;
  /** The data set that it was trained on, by the name of the collection. */
  readonly dataset: string;
}

const row = (name: string, pair: string, from: string, to: string, dataset: string): PublishedModel => {
  return { name, pair, from, to, dataset };
};

export const publishedModels: readonly PublishedModel[] = [
  row('horse2zebra', 'horse-zebra', 'horse', 'zebra', 'horse2zebra'),
  row('zebra2horse', 'horse-zebra', 'zebra', 'horse', 'horse2zebra'),
  row('apple2orange', 'apple-orange', 'apple', 'orange', 'apple2orange'),
  row('orange2apple', 'apple-orange', 'orange', 'apple', 'apple2orange'),
  row('summer2winter_yosemite', 'winter-summer', 'summer', 'winter', 'summer2winter_yosemite'),
  row('winter2summer_yosemite', 'winter-summer', 'winter', 'summer', 'summer2winter_yosemite'),
  row('monet2photo', 'photo-monet', 'monet', 'photo', 'monet2photo'),
  row('style_monet', 'photo-monet', 'photo', 'monet', 'monet2photo'),
  row('style_cezanne', 'photo-cezanne', 'photo', 'cezanne', 'cezanne2photo'),
  row('style_ukiyoe', 'photo-ukiyoe', 'photo', 'ukiyoe', 'ukiyoe2photo'),
  row('style_vangogh', 'photo-vangogh', 'photo', 'vangogh', 'vangogh2photo'),
  row('sat2map', 'aerial-map', 'aerial', 'map', 'maps'),
  row('map2sat', 'aerial-map', 'map', 'aerial', 'maps'),
  row('cityscapes_photo2label', 'street-label', 'street', 'label', 'cityscapes'),
  row('cityscapes_label2photo', 'street-label', 'label', 'street', 'cityscapes'),
  row('facades_photo2label', 'facade-label', 'facade', 'label', 'facades'),
  row('facades_label2photo', 'facade-label', 'label', 'facade', 'facades'),
  row('iphone2dslr_flower', 'phone-camera', 'phone', 'camera', 'iphone2dslr_flower'),
];

/** Sides in pixels: whole training images were scaled to it, as the reference does by default. */
export const publishedTrainedSize = 286;

export function licenceOfPublished({ dataset }: PublishedModel): { readonly weights: string; readonly data: string } {
  return {
    weights: 'Published by the authors of CycleGAN beside their code, without a licence of its own. For research.',
    data: findDataset(dataset).licence,
  };
}

/** @throws CycleboxError PAIR_NOT_FOUND, with the name that was probably meant */
export function findPublishedModel(name: string): PublishedModel {
  const found = publishedModels.find(model => model.name === name);
  if (found) return found;
  const known = publishedModels.map(model => model.name);
  throw new CycleboxError(
    'PAIR_NOT_FOUND',
    `No model "${name}" was published; there are ${known.join(', ')}.${didYouMean(name, known)}`,
  );
}
