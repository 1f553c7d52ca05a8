/** Words as a picture, in the system's fonts, for sheets that people look at. */
import sharp from 'sharp';

/** Without any font, text has next to no size at a sane resolution, and is fitted at thousands of dots per inch. */
const absurdDpi = 1000;

/** Of captions that have room for it, so that those of one sheet are of one size. */
const usualDpi = 96;
const font = 'sans 10';

/** A PNG of at most `width * height` pixels; undefined on a machine that has no fonts. */
export async function drawCaption(caption: string, width: number, height: number): Promise<Buffer | undefined> {
  const text = caption.replace(/[&<>]/g, character => `&#${character.charCodeAt(0)};`);
  try {
    const options = { text, font, width, height, rgba: true };
    const { data, info } = await sharp({ text: options }).png().toBuffer({ resolveWithObject: true });
    const largest = info.textAutofitDpi ?? 0;
    if (largest >= absurdDpi) return undefined;
    if (largest <= usualDpi) return data;
    return await sharp({ text: { text, font, dpi: usualDpi, rgba: true } })
      .png()
      .toBuffer();
  } catch {
    return undefined;
  }
}
