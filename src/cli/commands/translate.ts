/** `cyclebox translate`: what it takes. The work is in ../translate/translate-files.ts, loaded when the command runs. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { chromas, colours, imageFormats, tiffCompressions } from '../../picture/index.js';
import { collect, engineHelp, parseBytes, parsePositive, wholeNumber } from '../options/index.js';
import type { TranslateFilesOptions } from '../translate/index.js';

export function register(program: Command): void {
  program
    .command('translate')
    .description('translate image files (JPEG, PNG, WebP, AVIF, TIFF) to the other domain of a pair')
    .argument('<files...>', 'image files')
    .option('-p, --pair <id>', 'pair of domains, such as satellite-map ("cyclebox pairs" lists them)')
    .option('-t, --to <domain>', 'domain to translate to, such as map')
    .option('-o, --out <folder>', 'folder for the results', 'translated')
    .addOption(
      new Option(
        '-f, --format <format>',
        'format of the results (default: what the pair says, else that of each image)',
      ).choices([...imageFormats, 'source']),
    )
    .option('--quality <1-100>', 'quality of JPEG (default 92), WebP (90) and AVIF (70)', wholeNumber(1, 100))
    .option('--lossless', 'WebP and AVIF without loss')
    .addOption(
      new Option('--chroma <chroma>', 'detail of colours in JPEG and AVIF (default: 4:4:4)').choices([...chromas]),
    )
    .option(
      '--compression <compression>',
      `of PNG: 0 to 9 (default: 6); of TIFF: ${tiffCompressions.join(', ')} (default: deflate)`,
      parseCompression,
    )
    .addOption(
      new Option(
        '--depth <8|16|source>',
        'bits of each value (default: source: 16 where an image and its result have them)',
      )
        .choices(['8', '16', 'source'])
        .argParser(parseDepth),
    )
    .addOption(
      new Option('--colour <srgb|source>', 'space of the colours of results (default: srgb)').choices([...colours]),
    )
    .option(
      '--name <template>',
      'what results are called, such as "{stem}-{to}{ext}" or "{to}/{folder}/{stem}" (see docs/watch-config.md)',
    )
    .option(
      '--model <file>',
      'use this model instead of a pair: ONNX, PyTorch (.pth), safetensors, a TensorFlow.js folder',
    )
    .option('--network <name>', 'of several networks in the weight file of --model, the one that is meant: G_A')
    .option('--architecture <file>', 'a description of the layers of the weight file of --model (see docs/models.md)')
    .option('--plugins <folder>', 'folder with plugins, or of one plugin; may be repeated', collect)
    .option('--preprocess <id>', 'have a plugin change images before they are translated; may be repeated', collect)
    .option('--postprocess <id>', 'have a plugin change what they have become; may be repeated', collect)
    .option('--models <folder>', 'model store (default: the models folder of cyclebox)')
    .option('--memory-limit <size>', 'memory for one image, such as 2GB; larger images are cut into tiles', parseBytes)
    .option('--max-megapixels <number>', 'refuse images with more (default: 128)', parsePositive)
    .addOption(
      new Option(
        '--metadata <keep|strip>',
        'whether results say when, where, with what and by whom images were taken (default: keep)',
      ).choices(['keep', 'strip']),
    )
    .option(
      '--scale <scale>',
      'at which the model sees images: native, trained, or pixels of the shorter side (default: what the pair says)',
    )
    .addOption(
      new Option(
        '--tiling <tiling>',
        'what the parts of an image that does not go in one piece are normalised by: the whole image, a small copy of it, or each part by itself (default: what the pair says, else exact)',
      ).choices(['exact', 'thumbnail', 'independent']),
    )
    .option('--engine <engine>', engineHelp)
    .addOption(
      new Option(
        '--precision <precision>',
        'of numbers while running (default: float16 or int8 where the device gains by it)',
      ).choices(['auto', 'float32', 'float16', 'int8']),
    )
    .option('--threads <number>', 'CPU threads (default: all)', wholeNumber(1))
    .option(
      '--timeout <seconds>',
      'end an image, or the opening of the model, that takes longer (default: 600)',
      parsePositive,
    )
    .addOption(
      new Option(
        '--on-collision <suffix|update>',
        'when a name is taken: give a number, or replace what an earlier run with "update" made of the same image (default: suffix)',
      ).choices(['suffix', 'update']),
    )
    .option('--json', 'print the results as one JSON document')
    .addHelpText(
      'after',
      `
A model knows things at the size that they had in its training images. With --scale trained, an image is scaled to that
size, translated, and the change brought back to the image at full size: its detail stays, new patterns are enlarged.

Results keep name, size and format of the image, upright and in sRGB. No other file is ever overwritten: a second photo.jpg
becomes "photo (2).jpg", and so does a second run, unless --on-collision update lets it replace its own results; which
those are is remembered in the folder's ".cyclebox". An image that fails is named and the others go on; the exit code is then 1.

Example: cyclebox translate photos/*.jpg --pair satellite-map --to map --out maps`,
    )
    .action(async (files: readonly string[], options: TranslateFilesOptions) => {
      const { translateFiles } = await import('../translate/index.js');
      process.exitCode = await translateFiles(files, options);
    });
}

/** @throws what commander makes a message of */
function parseCompression(text: string): number | string {
  if (/^[0-9]$/.test(text)) return Number(text);
  if ((tiffCompressions as readonly string[]).includes(text)) return text;
  throw new InvalidArgumentError(`Allowed are 0 to 9 (PNG), ${tiffCompressions.join(', ')} (TIFF).`);
}

function parseDepth(text: string): 8 | 16 | 'source' {
  if (text === '8' || text === '16') return Number(text) as 8 | 16;
  if (text === 'source') return text;
  throw new InvalidArgumentError('Allowed choices are 8, 16, source.');
}
