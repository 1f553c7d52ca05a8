/** `cyclebox evaluate`: what it takes. The work is in ../models/evaluate-model.ts, loaded when the command runs. */
import { type Command, Option } from 'commander';
import type { EvaluateModelOptions } from '../models/index.js';
import { collect, engineHelp, parseTwoNames, wholeNumber } from '../options/index.js';

export function register(program: Command): void {
  program
    .command('evaluate')
    .description('say how good a model is, on images it was not trained on: content stays, style changes')
    .requiredOption('--model <file>', 'the .onnx file of the translation')
    .requiredOption('--a <folder>', 'images to translate')
    .option('--b <folder>', 'real images of the target domain: for style and distances')
    .option('--back <file>', 'the .onnx file of the way back: for the error there and back')
    .option('--paired <folder>', 'true counterparts, by the names of the images in --a')
    .option('--classes <colours>', 'classes in the counterparts, such as "water=#aadaff,land=#f2efe9", or a number')
    .option('--train-a <folder>', 'images to fit the style classifier on (default: half of --a and --b)')
    .option('--train-b <folder>', 'images of the target domain to fit it on')
    .option('--features <file>', 'an .onnx network in whose features KID and FID are measured')
    .addOption(
      new Option('--features-range <range>', 'of the colours that this network takes (default: imagenet)').choices([
        '-1..1',
        '0..1',
        '0..255',
        'imagenet',
      ]),
    )
    .option(
      '--features-size <pixels>',
      'side of its images, where the file leaves it open (default: 224)',
      wholeNumber(8, 4096),
    )
    .option('--metric <plugin/id>', 'have a metric of a plugin measured, too; may be repeated', collect)
    .option('--plugins <folder>', 'folder with plugins, or of one plugin, for --metric; may be repeated', collect)
    .option('--domains <a,b>', 'names of the domains (default: as in the model)', parseTwoNames)
    .option(
      '--size <pixels>',
      'side length at which images are evaluated (default: 256, or less for smaller images)',
      wholeNumber(32, 4096),
    )
    .option('--limit <number>', 'evaluate at most this many images of each domain', wholeNumber(1), 400)
    .option('--seed <number>', 'seed of everything random', wholeNumber(0), 1)
    .option('-o, --out <folder>', 'write contact sheets of all images and the JSON document there')
    .option('--cache <folder>', 'folder for fitted classifiers (default: the cache folder of the system)')
    .option('--engine <engine>', engineHelp)
    .option('--threads <number>', 'CPU threads (default: all)', wholeNumber(1))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
docs/evaluation.md explains every figure. Images are scaled so that their shorter side is --size, and their middle is
judged. Files that are no images are named and left out.

Example: cyclebox evaluate --model to-zebra.onnx --a horses/test --b zebras/test --train-a horses/train --train-b zebras/train`,
    )
    .action(async (options: EvaluateModelOptions) => {
      const { evaluateModel } = await import('../models/index.js');
      process.exitCode = await evaluateModel(options);
    });
}
