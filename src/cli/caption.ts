/** Words as a picture, in the system's fonts, for sheets that people look at. */
import sharp from 'sharp';

/** Without any font, text has next to no size at a sane resolution, and is fitted at thousands of dots per inch. */
const absurdDpi = 1000;

/** A PNG of at most `width * height` pixels; undefined on a machine that has no fonts. */
export async function drawCaption(caption: string, width: number, height: number): Promise<Buffer | undefined> {
  const text = caption.replace(/[&<>]/g, character => `&#${character.charCodeAt(0)};`);
  try {
    const options = { text, font: 'sans', width, height, rgba: true };
    const { data, info } = await sharp({ text: options }).png().toBuffer({ resolveWithObject: true });
    return (info.textAutofitDpi ?? 0) < absurdDpi ? data : undefined;
  } catch {
    return undefined;
  }
}
