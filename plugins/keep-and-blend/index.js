/**
 * Two postprocessors that bring something of the image back into its translation. They change pixels and nothing else: size,
 * opacity and whatever is known of the picture stay those of the translation.
 */
import { blended, resampled, withLuminance } from './pixels.js';

/** @param {import('cyclebox/plugin').PluginContext<{ luminance: number, strength: number }>} context */
export function activate(context) {
  const { luminance, strength } = context.settings;
  context.subscriptions.push(
    context.registerPostprocessor('keep-luminance', async (picture, request) => {
      const image = resampled(await request.input(), picture.width, picture.height);
      return { ...picture, rgb: withLuminance(picture.rgb, image, luminance) };
    }),
    context.registerPostprocessor('blend-with-image', async (picture, request) => {
      const image = resampled(await request.input(), picture.width, picture.height);
      return { ...picture, rgb: blended(picture.rgb, image, strength) };
    }),
  );
}
