/**
 * The entry of the process that translates for `cyclebox translate`: what native code makes of a file or a model, it makes
 * here, and the command ends it when it takes too long.
 */
import { CycleboxError } from '../base/index.js';
import { openEngine } from '../engine/index.js';
import { blockUntrustedLoaders, type Picture, readPicture, writePicture } from '../image/index.js';
import { serveParent } from '../process/index.js';
import { openTranslator, type Translator } from '../translate/index.js';
import { type TranslatorApi, type TranslatorListener, translatorProtocol } from './translator-protocol.js';

blockUntrustedLoaders();

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
            onDeviceSkipped: device => void command.call('deviceSkipped', device).catch(() => {}),
          }),
        onMemoryStep: ({ message }) => void command.call('memoryStep', message).catch(() => {}),
      });
      const { model, device, precision } = translator;
      return { model, device, precision };
    },
    translate({ file, options, isChanged }) {
      if (!translator) throw new CycleboxError('PROTOCOL', 'no model is open yet: open comes first');
      if (!isChanged) return translator.translate(file, options);
      const changed = (stage: 'before' | 'after') => async (picture: Picture) => {
        current = picture;
        await command.call('between', stage);
        return current;
      };
      return translator.translate(file, { ...options, before: changed('before'), after: changed('after') });
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
});
