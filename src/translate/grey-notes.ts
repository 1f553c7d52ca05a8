/** What is said of colours where a network knows grey alone, on one side or both. */
import type { ImageModel } from '../catalog/index.js';
import type { AnyPicture } from '../image/index.js';

/** Sentences without a subject, which is the source. */
export function greyNotes(picture: AnyPicture, { taken, given }: ImageModel['channels']): readonly string[] {
  if (taken === 3 && given === 3) return [];
  const hasColours = !isGrey(picture);
  if (taken === 1 && hasColours)
    return [
      `its colours became grey before they were shown to the model, which takes no others${given === 1 ? ' and gives no others' : ''}`,
    ];
  return given === 1 && hasColours ? ['its colours became grey, since the model gives no others'] : [];
}

function isGrey({ rgb }: AnyPicture): boolean {
  for (let at = 0; at < rgb.length; at += 3) if (rgb[at] !== rgb[at + 1] || rgb[at] !== rgb[at + 2]) return false;
  return true;
}
