/**
 * The entry of the process that translates for `cyclebox translate`: what native code makes of a file or a model, it makes
 * here, and the command ends it when it takes too long.
 */
import { CycleboxError } from '../../base/index.js';
import { openEngine } from '../../engine/index.js';
import {
  blockUntrustedLoaders,
  inspectImage,
  largePixels,
  type Picture,
  readPicture,
  writePicture,
} from '../../image/index.js';
import { serveParent } from '../../process/index.js';
import {
  openTranslator,
  paced,
  type TranslatedImage,
  type TranslateOptions,
  type Translator,
} from '../../translate/index.js';
import { PixelBudget } from './pixel-budget.js';
import {
  type TranslatorApi,
  type TranslatorListener,
  translatorProtocol,
  type WrittenImage,
} from './translator-protocol.js';

blockUntrustedLoaders();

/** Of all images that are in memory at a time; one alone may have more. */
const budget = new PixelBudget(largePixels);

/** What is amiss with the image is said by whoever decodes it. */
const sizeOf = (file: string) =>
  inspectImage(file, { maxPixels: Number.POSITIVE_INFINITY })
    .then(({ width, height, isDeep }) => ({ pixels: width * height, isDeep }))
    .catch(() => ({ pixels: 0, isDeep: false }));

async function unchanged(
  by: Translator,
  { file, options, target }: { readonly file: string; readonly options: TranslateOptions; readonly target: string },
): Promise<TranslatedImage | WrittenImage> {
  const size = await sizeOf(file);
  return await budget.spend(size.pixels * (size.isDeep ? 2 : 1), () =>
    size.pixels > largePixels ? by.translateFile(file, target, options) : by.translate(file, options),
  );
}

let translator: Translator | undefined;
/** Between the stages of the file that is translated. */
let current: Picture | undefined;
await serveParent<TranslatorApi, TranslatorListener>({
  protocol: translatorProtocol,
  handlers: command => ({
    async open(options) {
      translator = await openTranslator({
        ...options,
        openEngine: (choice, engineOptions) =>
          openEngine(choice, {
            ...engineOptions,
            ownThread: true,
            onDeviceSkipped: device => void command.call('deviceSkipped', device).catch(() => {}),
          }),
        onMemoryStep: ({ message }) => void command.call('memoryStep', message).catch(() => {}),
      });
      const { model, device, precision } = translator;
      return { model, device, precision };
    },
    async translate({ file, options, isChanged, target }) {
      if (!translator) throw new CycleboxError('PROTOCOL', 'no model is open yet: open comes first');
      const onProgress = paced(fraction => void command.call('progress', fraction).catch(() => {}));
      if (!isChanged) return await unchanged(translator, { file, options: { ...options, onProgress }, target });
      const changed = (stage: 'before' | 'after') => async (picture: Picture) => {
        current = picture;
        await command.call('between', stage);
        return current;
      };
      return translator.translate(file, { ...options, onProgress, before: changed('before'), after: changed('after') });
    },
    async exportPicture({ path }) {
      if (!current) throw new CycleboxError('PROTOCOL', 'no picture is being translated');
      await writePicture(path, current);
    },
    async importPicture({ path }) {
      current = await readPicture(path);
    },
  }),
  onClose: () => translator?.dispose(),
  // In an orderly exit, a run that is under way would abort with a message that nobody is there to read.
  onOrphaned: () => process.kill(process.pid, 'SIGKILL'),
});
